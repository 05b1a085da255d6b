"""Overlays: straps, clocks and logos, drawn once and laid over the program picture.

A patch holds what is laid over as numbers that are ready to be added, so that laying it over costs two multiplications
for each of its pixels and nothing for the rest of the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, assert_never

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps

from classroom.common.alarms import Alarm, Alarms
from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.director import Corner
from classroom.lesson.overlays import ClockOverlay, LogoOverlay, StrapOverlay
from classroom.lesson.overlays import Overlay as OverlayModel
from classroom.media.sources.fonts import Font, find_font
from classroom.media.sources.image_file import ImageError, read_image

__all__ = ["Overlay", "Patch", "build_overlay", "build_overlays", "lay_over", "tell_of_overlays"]

Pixels = npt.NDArray[np.uint8]
_Wide = npt.NDArray[np.uint16]

_NO_LOGO: Final = Wording("overlay.no_logo", "The logo {file} cannot be read. Check the path, or save it as PNG.")

_OVERLAY: Final = "overlay."
_LEFT_OUT: Final = Wording("overlay.left_out", "The overlay '{overlay}' is not shown. {why}")

_MARGIN: Final = 0.035
"""Space to the edges of the program, as a fraction of its height; old televisions cut off that much."""

_GROUND: Final = (15, 23, 42, 210)
_ACCENT: Final = (56, 189, 248, 255)
_TITLE: Final = (248, 250, 252, 255)
_TEXT: Final = (203, 213, 225, 255)
_WIDEST: Final = 0.62
_OPAQUE: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A drawing at a place of the program; x and y are even. One for each plane: what is added, what stays (of 256)."""

    x: int
    y: int
    added: tuple[_Wide, _Wide, _Wide]
    kept: tuple[_Wide, _Wide, _Wide]


class Overlay(Protocol):
    """Something that is laid over a scene; asked by the mixer's thread in every tick, so it must be quick."""

    def patch(self) -> Patch:
        """The drawing now: the same object again for as long as it looks the same."""
        ...


class _Still:
    def __init__(self, patch: Patch) -> None:
        self._patch = patch

    def patch(self) -> Patch:
        return self._patch


class _Clock:
    def __init__(self, model: ClockOverlay, size: tuple[int, int], now: Callable[[], datetime]) -> None:
        self._size, self._now, self._corner = size, now, model.corner
        self._format = "%H:%M:%S" if model.seconds else "%H:%M"
        # Looked for once: it asks a program of the system, and nobody in a tick can wait for that.
        self._face = find_font("0123456789:")
        self._shown = ""
        self._patch = self._draw(self._now().strftime(self._format))

    def patch(self) -> Patch:
        text = self._now().strftime(self._format)
        return self._patch if text == self._shown else self._draw(text)

    def _draw(self, text: str) -> Patch:
        self._shown = text
        self._patch = _placed(_strap(text, "", self._size, lambda _: self._face), self._corner, self._size)
        return self._patch


def build_overlay(model: OverlayModel, size: tuple[int, int], *, now: Callable[[], datetime] = datetime.now) -> Overlay:
    """The overlay for a program of ``size`` (width, height; even); DeviceError without its font or picture."""
    match model:
        case StrapOverlay():
            return _Still(_placed(_strap(model.title, model.text, size), model.corner, size))
        case ClockOverlay():
            return _Clock(model, size, now)
        case LogoOverlay():
            return _Still(_placed(_logo(model.image, model.size, model.opacity, size), model.corner, size))
        case _:
            assert_never(model)


def lay_over(canvas: tuple[Pixels, Pixels, Pixels], patch: Patch) -> None:
    """Lay a patch over the planes of a yuv420p picture."""
    for share, (plane, added, kept) in enumerate(zip(canvas, patch.added, patch.kept, strict=True)):
        divisor = 1 if share == 0 else 2
        x, y = patch.x // divisor, patch.y // divisor
        region = plane[y : y + added.shape[0], x : x + added.shape[1]]
        mixed = region * kept
        mixed += added
        mixed >>= 8
        region[...] = mixed


def _placed(drawing: Image.Image, corner: Corner, size: tuple[int, int]) -> Patch:
    width, height = size
    drawing = drawing.crop((0, 0, drawing.width + drawing.width % 2, drawing.height + drawing.height % 2))
    margin = round(height * _MARGIN)
    x = margin if corner.endswith("left") else width - drawing.width - margin
    y = margin if corner.startswith("top") else height - drawing.height - margin
    return _patch(drawing, max(0, x - x % 2), max(0, y - y % 2), size)


def _patch(drawing: Image.Image, x: int, y: int, size: tuple[int, int]) -> Patch:
    pixels = np.asarray(drawing, np.float64)[: size[1] - y, : size[0] - x]
    red, green, blue = (pixels[..., part] / 255 for part in range(3))
    alpha = np.round(pixels[..., 3] / 255 * _OPAQUE)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = (16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402)
    half = _halved(alpha)
    # The colour of four pixels counts by how much each of them covers; nothing of it is seen where none of them does.
    covered = np.maximum(half, 1e-9)
    chroma = [_halved(plane * alpha) / covered for plane in planes[1:]]
    # Half of 256 more, so that the shift by eight bits rounds.
    added = (_wide(planes[0] * alpha + 128), _wide(chroma[0] * half + 128), _wide(chroma[1] * half + 128))
    return Patch(x, y, added, (_wide(_OPAQUE - alpha), _wide(_OPAQUE - half), _wide(_OPAQUE - half)))


def _halved(plane: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    height, width = plane.shape
    halved: npt.NDArray[np.float64] = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return halved


def _wide(plane: npt.NDArray[np.float64]) -> _Wide:
    return np.round(plane).astype(np.uint16)


def _strap(title: str, text: str, size: tuple[int, int], find: Callable[[str], Font] = find_font) -> Image.Image:
    """Two lines on a translucent ground with a bar of colour at the left; text that is too long is made smaller."""
    width, height = size
    widest = width * _WIDEST
    pad, bar = round(height * 0.02), max(2, round(height * 0.008))
    lines = [(title, height * 0.044, _TITLE), *([(text, height * 0.03, _TEXT)] if text else [])]
    drawn = []
    for words, pixels, colour in lines:
        face = find(words).font_variant(size=pixels)
        length = face.getlength(words)
        if length > widest:
            face = face.font_variant(size=max(6.0, pixels * widest / length))
            length = min(face.getlength(words), widest)
        drawn.append((words, face, colour, length, round(pixels * 1.3)))
    inner = max(length for *_, length, _ in drawn)
    drawing = Image.new("RGBA", (round(inner) + 2 * pad + bar, sum(row for *_, row in drawn) + 2 * pad), _GROUND)
    draw = ImageDraw.Draw(drawing)
    draw.rectangle((0, 0, bar - 1, drawing.height), _ACCENT)
    y = pad
    for words, face, colour, _, row in drawn:
        draw.text((bar + pad, y + row / 2), words, fill=colour, font=face, anchor="lm")
        y += row
    return drawing


def _logo(path: Path, share: float, opacity: float, size: tuple[int, int]) -> Image.Image:
    try:
        picture = read_image(path, max(size))
    except ImageError as error:
        raise DeviceError(_NO_LOGO(file=str(path))) from error
    width = max(2, round(size[0] * share))
    picture = ImageOps.contain(picture, (width, max(2, round(size[1] * 0.9))), Image.Resampling.LANCZOS)
    if opacity < 1:
        picture.putalpha(picture.getchannel("A").point(lambda value: round(value * opacity)))
    return picture


def build_overlays(
    models: Mapping[str, OverlayModel], size: tuple[int, int]
) -> tuple[dict[str, Overlay], dict[str, str]]:
    """The overlays that can be drawn, and for each of the others the sentence that says why not."""
    drawn: dict[str, Overlay] = {}
    faults: dict[str, str] = {}
    for name, model in models.items():
        try:
            drawn[name] = build_overlay(model, size)
        except DeviceError as fault:
            faults[name] = fault.sentence
    return drawn, faults


def tell_of_overlays(faults: Mapping[str, str], alarms: Alarms) -> None:
    """Raise an alarm for each overlay that cannot be drawn, and none any more for the others."""
    for alarm in alarms.raised():
        if alarm.code.startswith(_OVERLAY) and alarm.code.removeprefix(_OVERLAY) not in faults:
            alarms.clear(alarm.code)
    for name, why in faults.items():
        alarms.put(Alarm(f"{_OVERLAY}{name}", _LEFT_OUT(overlay=name, why=why)))
