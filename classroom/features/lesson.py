"""The lesson as a whole: what it is, where it is found, and its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TypedDict

from classroom.common.clock import LessonTime
from classroom.control.registry import command
from classroom.features.base import Feature, section
from classroom.lesson import Lesson
from classroom.server.authority import fingerprint
from classroom.server.endpoints import Endpoints

__all__ = ["LessonFeature", "LessonSection", "NameOrder"]


class NameOrder(TypedDict):
    """Names in the order of the lesson file: JavaScript sorts those in an object that are numbers to its front."""

    scenes: list[str]
    sources: list[str]
    audio: list[str]


class LessonSection(TypedDict):
    """What the lesson is, for how long it runs, and where students find it."""

    title: str
    language: str | None
    """The language of the pages, such as `en`; null for that of each browser."""
    started: str
    """When it began, ISO 8601."""
    elapsed: float
    """Seconds since then, when this was said."""
    addresses: list[str]
    """Where students find it, the best first."""
    secure_addresses: list[str]
    """The same with https only."""
    fingerprint: str | None
    """That of the authority behind https, for those who are asked to trust it."""
    order: NameOrder
    """In which order scenes, sources and audio inputs are shown."""


class LessonFeature(Feature):
    """The lesson as a whole. ``end`` ends it; ``tell`` is given its section of the state when that has changed."""

    def __init__(
        self,
        lesson: Lesson,
        *,
        time: LessonTime,
        endpoints: Endpoints,
        tell: Callable[[Mapping[str, object]], object],
        end: Callable[[], None],
    ) -> None:
        self._lesson = lesson
        self._time = time
        self._endpoints = endpoints
        self._tell = tell
        self._end = end

    @command("lesson.end")
    def end(self) -> None:
        """End the lesson: students are notified, and everything stops."""
        self._end()

    @section("lesson")
    def lesson(self) -> LessonSection:
        """What the lesson is, for how long it runs, and where students find it."""
        authority, lesson = self._endpoints.authority(), self._lesson
        return {
            "title": lesson.lesson.title,
            "language": lesson.lesson.language,
            "started": self._time.began.isoformat(timespec="seconds"),
            "elapsed": round(self._time.now(), 3),
            "addresses": list(self._endpoints.addresses()),
            "secure_addresses": list(self._endpoints.secure_addresses()),
            "fingerprint": None if authority is None else fingerprint(authority.certificate),
            "order": {"scenes": list(lesson.scenes), "sources": list(lesson.sources), "audio": list(lesson.audio)},
        }

    def moved(self) -> None:
        """The lesson has other addresses than before."""
        self._tell({"lesson": self.lesson()})

    def apply(self, lesson: Lesson) -> None:
        """Take over another title, language or order."""
        self._lesson = lesson
        self._tell({"lesson": self.lesson()})

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Announce the lesson in the network."""
        self._endpoints.announce(stack)
