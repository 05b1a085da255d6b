"""Meters and thumbnails for the teachers who asked for them. While nobody asks, nothing is measured or drawn."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypedDict

from classroom.control.sessions import Sessions

__all__ = ["LevelEntry", "MetersNews", "News", "Thumbnail", "ThumbnailNews"]

_METERS_EVERY: Final = 0.1
_THUMBNAILS_EVERY: Final = 1.0


class LevelEntry(TypedDict):
    """How loud something was over the last 100 ms, in dBFS; -100 is silence."""

    peak: float
    rms: float


class MetersNews(TypedDict):
    """The notification `meters`."""

    levels: dict[str, LevelEntry]
    """By audio input; `program` is what students hear."""


class ThumbnailNews(TypedDict):
    """The notification `thumbnail`: a small picture of a source."""

    source: str | None
    """Null is the program."""
    jpeg: str
    """The picture in base64."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of a source, or of the program where ``source`` is None; sizes in pixels."""

    source: str | None
    jpeg: bytes
    width: int
    height: int


class News:
    """Sends ``meters`` ten times a second and each ``thumbnail`` about once a second.

    ``levels`` gives input → (peak, RMS) in dBFS. ``thumbnails`` draws the present pictures, off the event loop.
    """

    def __init__(
        self,
        *,
        sessions: Sessions,
        levels: Callable[[], Mapping[str, tuple[float, float]]],
        thumbnails: Callable[[], Awaitable[Iterable[Thumbnail]]],
    ) -> None:
        self._sessions = sessions
        self._levels = levels
        self._thumbnails = thumbnails

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_meters())
            tasks.create_task(self._send_thumbnails())

    async def _send_meters(self) -> None:
        while True:
            await asyncio.sleep(_METERS_EVERY)
            if self._sessions.watched("meters"):
                meters: MetersNews = {
                    "levels": {
                        name: {"peak": round(peak, 1), "rms": round(rms, 1)}
                        for name, (peak, rms) in self._levels().items()
                    }
                }
                self._sessions.tell("meters", "meters", meters)

    async def _send_thumbnails(self) -> None:
        while True:
            await asyncio.sleep(_THUMBNAILS_EVERY)
            if not self._sessions.watched("thumbnails"):
                continue
            for each in await self._thumbnails():
                picture: ThumbnailNews = {
                    "source": each.source,
                    "jpeg": base64.b64encode(each.jpeg).decode(),
                    "width": each.width,
                    "height": each.height,
                }
                self._sessions.tell("thumbnails", "thumbnail", picture)
