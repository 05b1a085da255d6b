"""Draws a card: a calm dark ground, a large title, text under it, an image above, all centred and made to fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image, ImageDraw, ImageOps

from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.media.sources.fonts import Font, find_font
from classroom.media.sources.image_file import ImageError, read_image

__all__ = ["CardDrawing", "draw_card"]

Colour = tuple[int, int, int]

_TOP: Final[Colour] = (30, 41, 59)
_BOTTOM: Final[Colour] = (15, 23, 42)
_TITLE: Final[Colour] = (248, 250, 252)
_TEXT: Final[Colour] = (170, 182, 200)
_ACCENT: Final[Colour] = (56, 189, 248)

_NO_IMAGE: Final = Wording(
    "card.no_image", "The image {file} of the card cannot be read. Check the path, or save it as PNG."
)

_MARGIN: Final = 0.09
"""Free space at each edge, as a fraction of the height."""

_SMALLEST: Final = 0.022
"""The smallest letters that text is shrunk to, as a fraction of the height; what still does not fit is cut off."""

_DENSE: Final = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
"""Scripts that may be broken between any two characters: Chinese, Japanese, Korean, and their punctuation."""

_UNIT: Final = re.compile(rf"\n|[^\S\n]+|[{_DENSE}]|[^\s{_DENSE}]+")
"""What a line may be broken between: words, spaces, and single characters of those scripts."""

_CLOSING: Final = frozenset("、。，．：；！？）］｝」』】》〉”’…")
"""Punctuation that does not start a line."""


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Lines of one font size; heights in pixels."""

    lines: tuple[str, ...]
    font: Font
    line_height: int

    @property
    def height(self) -> int:
        return len(self.lines) * self.line_height


def draw_card(title: str, text: str, image: Path | None, size: tuple[int, int]) -> av.VideoFrame:
    """A still card; see ``CardDrawing``."""
    return CardDrawing(title, text, image, size).frame()


class CardDrawing:
    """A card of ``size`` (width, height in pixels; odd ones are rounded down), below its title a line that may change.

    Title and text are wrapped and shrunk until they fit. DeviceError when no font of this machine has the
    characters, or when the image cannot be read; the sentence says what to do. ``widest`` is the changing line at its
    longest; without one, no space is kept for it.
    """

    def __init__(self, title: str, text: str, image: Path | None, size: tuple[int, int], widest: str = "") -> None:
        width, height = (max(16, edge - edge % 2) for edge in size)
        self._canvas = _ground(width, height)
        self._line = _fit(widest, round(width * 0.8), height * 0.3, height * 0.16, height, 1)
        self._y = _draw(self._canvas, title, text, image, self._line)

    def frame(self, line: str = "") -> av.VideoFrame:
        """The card as yuv420p, with the line as it is now; costs a few milliseconds."""
        canvas = self._canvas
        if line and self._line is not None:
            canvas = canvas.copy()
            place = (canvas.width / 2, self._y + self._line.line_height / 2)
            ImageDraw.Draw(canvas).text(place, line, fill=_ACCENT, font=self._line.font, anchor="mm")
        return av.VideoFrame.from_ndarray(np.asarray(canvas), format="rgb24").reformat(format="yuv420p")


def _draw(canvas: Image.Image, title: str, text: str, image: Path | None, line: _Paragraph | None) -> int:
    """Draw all but the changing line, and return where that is to stand (pixels from the top)."""
    height = canvas.height
    margin = round(height * _MARGIN)
    inner_width, inner_height = canvas.width - 2 * margin, height - 2 * margin
    gap = round(height * 0.045)
    picture = _load_image(image, inner_width, inner_height, alone=not (title or text or line))
    room = inner_height - (picture.height + gap if picture else 0) - (line.height + gap if line else 0)
    heading = _fit(title, inner_width, room * (0.6 if text else 1.0), height * (0.1 if picture else 0.13), height, 3)
    room -= heading.height + gap if heading else 0
    body = _fit(text, inner_width, room, height * 0.055, height, None)
    return _put(canvas, picture, heading, line, body, gap)


def _ground(width: int, height: int) -> Image.Image:
    """A vertical gradient; dithered by nothing, its steps are one level each."""
    blend = np.linspace(0.0, 1.0, height)[:, np.newaxis]
    column = (np.array(_TOP) * (1 - blend) + np.array(_BOTTOM) * blend).round().astype(np.uint8)
    return Image.fromarray(np.repeat(column[:, np.newaxis, :], width, axis=1))


def _load_image(path: Path | None, width: int, height: int, *, alone: bool) -> Image.Image | None:
    """The image, shrunk or enlarged into the upper half of the card, or into all of it where there is no text."""
    if path is None:
        return None
    try:
        picture = read_image(path, max(width, height))
    except ImageError as error:
        raise DeviceError(_NO_IMAGE(file=str(path))) from error
    return ImageOps.contain(picture, (width, height if alone else round(height * 0.5)), Image.Resampling.LANCZOS)


def _fit(text: str, width: int, room: float, largest: float, height: int, lines: int | None) -> _Paragraph | None:
    """The text in the largest letters, from ``largest`` pixels down, in which it fits into width × room."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        return None
    face = find_font(text)
    smallest = max(6.0, height * _SMALLEST)
    # Halving the interval needs six attempts where going down step by step needs thirty.
    best: _Paragraph | None = None
    low, high = smallest, max(largest, smallest)
    pixels = high
    while best is None or high - low > 0.5:
        paragraph = _paragraph(text, face, pixels, width)
        if paragraph.height <= room and (lines is None or len(paragraph.lines) <= lines):
            best, low = paragraph, pixels
        elif pixels <= smallest:
            return _cut(paragraph, room, width)
        else:
            high = pixels
        pixels = (low + high) / 2 if high - low > 0.5 else low
    return best


def _paragraph(text: str, face: Font, pixels: float, width: int) -> _Paragraph:
    font = face.font_variant(size=pixels)
    return _Paragraph(_wrap(text, font, width), font, round(pixels * 1.3))


def _cut(paragraph: _Paragraph, room: float, width: int) -> _Paragraph:
    fitting = max(1, int(room // paragraph.line_height))
    if len(paragraph.lines) <= fitting:
        return paragraph
    last = paragraph.lines[fitting - 1]
    while last and paragraph.font.getlength(last + "...") > width:
        last = last[:-1]
    return _Paragraph((*paragraph.lines[: fitting - 1], last + "..."), paragraph.font, paragraph.line_height)


def _wrap(text: str, font: Font, width: int) -> tuple[str, ...]:
    """The lines of a text, none wider than ``width`` pixels if its pieces are not."""
    widths: dict[str, float] = {}

    def measure(piece: str) -> float:
        # Measuring pieces and adding up is linear; measuring the growing line is not, and takes seconds for a page.
        if piece not in widths:
            widths[piece] = font.getlength(piece)
        return widths[piece]

    lines, used = [""], 0.0
    for unit in _units(text, measure, width):
        if unit == "\n":
            lines.append("")
            used = 0.0
            continue
        if not lines[-1] and unit.isspace():
            continue
        taken = measure(unit)
        if used + taken <= width or not lines[-1] or unit.isspace():
            lines[-1] += unit
            used += taken
            continue
        carried = _carried(lines[-1], unit)
        lines[-1] = lines[-1][: len(lines[-1]) - len(carried)]
        lines.append(carried + unit)
        used = taken + sum(measure(letter) for letter in carried)
    return tuple(line.rstrip() for line in lines)


def _carried(line: str, unit: str) -> str:
    """What goes from the end of a line to the next, so that this does not begin with closing punctuation."""
    carried = ""
    while (carried or unit)[0] in _CLOSING and len(carried) + 1 < len(line):
        carried = line[len(line) - len(carried) - 1 :]
    return carried


def _units(text: str, measure: Callable[[str], float], width: int) -> Iterator[str]:
    """The unbreakable pieces of a text; a word wider than a line is broken into letters."""
    for unit in _UNIT.findall(text):
        if not unit.isspace() and measure(unit) > width:
            yield from unit
        else:
            yield unit


def _put(
    canvas: Image.Image,
    picture: Image.Image | None,
    heading: _Paragraph | None,
    line: _Paragraph | None,
    body: _Paragraph | None,
    gap: int,
) -> int:
    """Stack image, title, changing line and text in the middle of the card, a short rule between title and text.

    The changing line is left out; returned is where it stands.
    """
    parts = [part.height for part in (picture, heading, line, body) if part is not None]
    y = (canvas.height - sum(parts) - gap * (len(parts) - 1)) // 2
    draw = ImageDraw.Draw(canvas)
    if picture is not None:
        canvas.paste(picture, ((canvas.width - picture.width) // 2, y), picture)
        y += picture.height + gap
    if heading is not None:
        _lines(draw, heading, canvas.width, y, _TITLE)
        y += heading.height + gap
        if body is not None and line is None:
            half, middle = round(canvas.height * 0.06), canvas.width // 2
            thick = max(2, round(canvas.height * 0.006))
            draw.rectangle(
                (middle - half, y - gap // 2 - thick // 2, middle + half, y - gap // 2 + thick // 2), _ACCENT
            )
    place = y
    if line is not None:
        y += line.height + gap
    if body is not None:
        _lines(draw, body, canvas.width, y, _TEXT)
    return place


def _lines(draw: ImageDraw.ImageDraw, paragraph: _Paragraph, width: int, y: int, colour: Colour) -> None:
    for line in paragraph.lines:
        draw.text((width / 2, y + paragraph.line_height / 2), line, fill=colour, font=paragraph.font, anchor="mm")
        y += paragraph.line_height
