"""A still card: title, text and image, drawn once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av

from classroom.clock import Clock
from classroom.errors import DeviceError
from classroom.media.sources.base import Source
from classroom.media.sources.card_drawing import draw_card

__all__ = ["Card", "fallback_card"]

_STILL: Final = 1.0
"""Seconds for which a read of a card that is already shown waits."""

_ONE_MOMENT: Final = {"en": "One moment, please", "zh": "请稍候"}


class Card(Source):
    """A card at the size of the program (width, height in pixels)."""

    kind = "card"

    def __init__(
        self,
        *,
        name: str,
        clock: Clock,
        title: str = "",
        text: str = "",
        image: Path | None = None,
        size: tuple[int, int] = (1280, 720),
    ) -> None:
        super().__init__(name=name, clock=clock, picture=True)
        self._title, self._text, self._image, self._size = title, text, image, size
        self._frame: av.VideoFrame | None = None

    def open(self) -> None:
        """Draw the card; DeviceError when a font or the image is missing."""
        self._frame = draw_card(self._title, self._text, self._image, self._size)

    def read(self) -> None:
        """Deliver the card once, then wait."""
        if self._frame is not None:
            self.show(self._frame, self.clock.now())
            self._frame = None
        else:
            self.wait(_STILL)

    def close(self) -> None:
        """Forget the drawing."""
        self._frame = None


def fallback_card(language: str, size: tuple[int, int]) -> av.VideoFrame:
    """The built-in card for a source without a picture, in the lesson's language; in English where no font has it."""
    try:
        return draw_card(_ONE_MOMENT.get(language, _ONE_MOMENT["en"]), "", None, size)
    except DeviceError:
        return draw_card(_ONE_MOMENT["en"], "", None, size)
