"""Reads picture files for cards, overlays and sources, turned and in the colours that they are meant to be seen in."""

from __future__ import annotations

import functools
import io
import logging
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image, ImageCms, ImageOps

from classroom.common.paths import open_file

__all__ = ["ImageError", "in_srgb", "is_heif", "open_image", "orientation_of", "read_image", "upright_in_srgb"]

log = logging.getLogger(__name__)

_ORIENTATION: Final = 0x0112

# What Pillow raises for files that are not pictures, torn, or larger than any memory; SyntaxError is for a PNG
# whose parts do not follow each other.
ImageError: Final = (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError)

_ORDINARY: Final = ("sRGB IEC61966", "sRGB built-in", "sRGB Gamut with sRGB Transfer")
"""How profiles begin that change nothing; they are the usual ones."""

_MODES: Final = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Colour spaces of profiles, and Pillow's modes of pictures that they are for."""

_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})
_AVIF_BRAND: Final = b"avif"
"""What photographs in HEIC and AVIF call themselves (ISO/IEC 23008-12, B.4.1; AVIF 1.1, 6.2)."""


def is_heif(head: bytes) -> bool:
    """Whether a file that begins so is a photograph in HEIC or AVIF."""
    return head[4:8] == b"ftyp" and (head[8:12] in _HEIC_BRANDS or head[8:12] == _AVIF_BRAND)


def open_image(file: BinaryIO) -> Image.Image:
    """The picture file, before it is decoded, raising one of ``ImageError``."""
    head = file.read(12)
    file.seek(0)
    if is_heif(head):
        _learn_heic()
    return Image.open(file)


@functools.cache
def _learn_heic() -> None:
    """Teach Pillow HEIC, once there is such a file: the library for it is large."""
    try:
        import pillow_heif
    except ImportError:
        log.warning("Photographs in HEIC cannot be read: the package pillow-heif is not installed")
    else:
        pillow_heif.register_heif_opener(thumbnails=False)


def upright_in_srgb(opened: Image.Image, largest: int) -> Image.Image:
    """A copy of an open picture in RGB or RGBA, as it is to be seen; its longer side has ``largest`` pixels at most."""
    longer = max(opened.size)
    picture = opened
    if longer > largest:
        size = (max(1, round(edge * largest / longer)) for edge in opened.size)
        picture = opened.resize(tuple(size), Image.Resampling.BOX)  # type: ignore[arg-type]
        picture.info = dict(opened.info)
    upright = ImageOps.exif_transpose(picture)
    profile = _profile(opened)
    converted = (None if profile is None else _converted(upright, profile)) or upright
    return converted if converted.mode == "RGB" else converted.convert("RGBA")


def read_image(path: Path, largest: int) -> Image.Image:
    """The picture in RGBA and the colours of sRGB, raising one of ``ImageError``.

    ``largest`` is how many pixels of its longer side are of use: a photograph of 100 megapixels is decoded smaller.
    """
    with open_file(path) as file, open_image(file) as opened:
        opened.draft(None, (largest, largest))
        upright = ImageOps.exif_transpose(opened)
        profile = _profile(opened)
        converted = None if profile is None else _converted(upright, profile)
        return (converted or upright).convert("RGBA")


def in_srgb(picture: bytes, largest: int) -> Image.Image | None:
    """A picture file in RGB with the colours of sRGB, upright; None where it has no others, or cannot be read.

    Its longer side has about ``largest`` pixels, or fewer.
    """
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            profile = _profile(opened)
            if profile is None:
                return None
            opened.draft(None, (largest, largest))
            opened.thumbnail((largest, largest), Image.Resampling.BOX)
            converted = _converted(ImageOps.exif_transpose(opened), profile)
            return None if converted is None else converted.convert("RGB")
    except ImageError:
        return None


def orientation_of(picture: bytes) -> int | None:
    """How a picture file says that it is to be turned and mirrored, 1 to 8 as in Exif; None where it says nothing."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            orientation = opened.getexif().get(_ORIENTATION)
    except ImageError:
        return None
    return orientation if isinstance(orientation, int) else None


def _profile(picture: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The colour profile of a picture; None without one, with one that changes nothing, or with a broken one."""
    data = picture.info.get("icc_profile")
    if not isinstance(data, bytes) or not data:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        ordinary = ImageCms.getProfileDescription(profile).strip().startswith(_ORDINARY)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if ordinary else profile


def _converted(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image | None:
    """The picture in RGB or RGBA with the colours of sRGB; None where its profile is not one for such pictures."""
    mode = _MODES.get(profile.profile.xcolor_space.strip())
    if picture.mode in ("P", "PA"):
        picture = picture.convert("RGBA")
    transparency = picture.getchannel("A") if "A" in picture.getbands() and picture.mode != "LAB" else None
    if transparency is not None:
        picture = picture.convert(picture.mode.removesuffix("A"))
    if picture.mode != mode:
        return None
    try:
        converted = ImageCms.profileToProfile(
            picture,
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, ValueError):
        return None
    if converted is not None and transparency is not None:
        converted.putalpha(transparency)
    return converted
