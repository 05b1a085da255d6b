"""Reads picture files for cards and overlays, turned as they are meant to be seen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from classroom.common.paths import open_file

__all__ = ["ImageError", "orientation_of", "read_image"]

_ORIENTATION: Final = 0x0112

# What Pillow raises for files that are not pictures, torn, or larger than any memory; SyntaxError is for a PNG
# whose parts do not follow each other.
ImageError: Final = (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError)


def read_image(path: Path, largest: int) -> Image.Image:
    """The picture in RGBA, raising one of ``ImageError``.

    ``largest`` is how many pixels of its longer side are of use: a photograph of 100 megapixels is decoded smaller.
    """
    with open_file(path) as file, Image.open(file) as opened:
        opened.draft(None, (largest, largest))
        return ImageOps.exif_transpose(opened).convert("RGBA")


def orientation_of(picture: bytes) -> int | None:
    """How a picture file says that it is to be turned and mirrored, 1 to 8 as in Exif; None where it says nothing."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            orientation = opened.getexif().get(_ORIENTATION)
    except ImageError:
        return None
    return orientation if isinstance(orientation, int) else None
