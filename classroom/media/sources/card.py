"""A card: title, text and image, drawn once, and the time that is left, drawn each second."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final

import av

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.media.sources.base import Source
from classroom.media.sources.card_drawing import CardDrawing, draw_card

__all__ = ["Card", "fallback_card"]

_STILL: Final = 1.0
"""Seconds for which a read of a card that is already shown waits."""

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR

_ONE_MOMENT: Final = {"en": "One moment, please", "zh": "请稍候"}


class Card(Source):
    """A card at the size of the program (width, height in pixels).

    With a ``countdown`` it shows the time that is left: until that time of day, or for that many seconds from when it
    comes on air. At the end 0:00 stays. ``today`` is the clock on the wall.
    """

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
        countdown: time | float | None = None,
        today: Callable[[], datetime] = datetime.now,
    ) -> None:
        super().__init__(name=name, clock=clock, picture=True)
        self._title, self._text, self._image, self._size = title, text, image, size
        self._countdown, self._today = countdown, today
        self._drawing: CardDrawing | None = None
        self._shown: str | None = None

    def open(self) -> None:
        """Draw the card; DeviceError when a font or the image is missing."""
        # A countdown in seconds starts again each time the card comes on air, so all of it needs room.
        longest = self._countdown if isinstance(self._countdown, int | float) else self._left()
        widest = "" if longest is None else _spelled(max(longest, _HOUR / 60))
        self._drawing, self._shown = CardDrawing(self._title, self._text, self._image, self._size, widest), None

    def read(self) -> None:
        """Deliver the card once, or when another second has gone by, and wait."""
        left = self._left()
        line = "" if left is None else _spelled(left)
        if self._drawing is not None and (line != self._shown or self.emptied):
            self.show(self._drawing.frame(line), self.clock.now())
            self._shown = line
        elif left is None:
            self.wait(_STILL)
        else:
            # To the end of this second of the countdown, and a little, so that the next look sees the next one.
            self.pause(min(_STILL, left % 1 + 0.005) if left > 0 else _STILL)

    def close(self) -> None:
        """Forget the drawing."""
        self._drawing = None

    @property
    def over(self) -> bool:
        """Whether a countdown of some seconds is at zero."""
        return isinstance(self._countdown, int | float) and self._left() == 0

    def _left(self) -> float | None:
        """Seconds that are left; None on a card that does not count."""
        if isinstance(self._countdown, time):
            now = self._today()
            # A break may go on past midnight: a time that was more than half a day ago is meant for tomorrow.
            return max(0.0, left if (left := self._until(now, 0)) >= -_DAY / 2 else self._until(now, 1))
        if self._countdown is None:
            return None
        since = self.on_air_since
        return max(0.0, self._countdown - (self.clock.now() - since if since is not None else 0.0))

    def _until(self, now: datetime, days: int) -> float:
        """Seconds until the time of the countdown, so many days after today; a change to summer time counts."""
        assert isinstance(self._countdown, time)
        then = datetime.combine(now.date() + timedelta(days=days), self._countdown)
        return then.timestamp() - now.timestamp()


def fallback_card(language: str | None, size: tuple[int, int]) -> av.VideoFrame:
    """The built-in card for a source without a picture, in the language of the lesson, or else in English."""
    try:
        return draw_card(_ONE_MOMENT.get(language or "en", _ONE_MOMENT["en"]), "", None, size)
    except DeviceError:
        return draw_card(_ONE_MOMENT["en"], "", None, size)


def _spelled(left: float) -> str:
    """Seconds as they are read: ``4:59``, ``1:00:00``. A second that has started counts whole, so 0:00 is the end."""
    seconds = math.ceil(left)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"
