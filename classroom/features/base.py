"""What a feature is, and the events by which features hear of one another.

A feature is something that a teacher can do or see in a lesson: one class in one file. The broadcaster builds each and
has them in one list. A feature is given the parts that it needs; it never imports another feature beside it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar, get_type_hints

from aiohttp import web
from pydantic import Field

from classroom.common.alarms import Alarm
from classroom.common.clock import Clock
from classroom.common.sentences import Wording
from classroom.director import Director
from classroom.lesson import Lesson
from classroom.media.program import Program
from classroom.media.source_pool import SourcePool
from classroom.media.supervisor import SourceState
from classroom.students.room_rules import RoomRules

__all__ = [
    "NOTHING_NAMED",
    "AlarmCleared",
    "AlarmRaised",
    "Events",
    "Feature",
    "InputMuted",
    "LessonFileApplied",
    "PageTurned",
    "ProgramChain",
    "RoomChanged",
    "SceneOnAir",
    "SourceChanged",
    "StudentAdmitted",
    "StudentJoined",
    "StudentLeft",
    "StudentNumber",
    "TakenOver",
    "section",
    "section_types",
]  # fmt: skip

logger = logging.getLogger(__name__)

NOTHING_NAMED: Final = Wording("params.nothing_named", "Name at least one of {names}.")

_MARK: Final = "__state_section__"

StudentNumber = Annotated[str, Field(min_length=1, max_length=16)] | Annotated[int, Field(ge=0, le=10**9)]
"""The key of a student in the state, which is text; a program that took it for a number is understood as well."""

Producer = TypeVar("Producer", bound=Callable[[Any], object])
Event = TypeVar("Event")


class Feature:
    """What all features have in common: parts that the broadcaster asks for, each of them optional.

    - Methods of the control protocol are marked with ``control.registry.command``.
    - Sections of the state are methods marked with ``section``; what they return is declared as a ``TypedDict``.
    - Messages of students' pages are declared in ``webrtc/messages.py``.
    - ``apply``, ``run`` and ``routes`` are below.
    """

    def apply(self, lesson: Lesson) -> None:
        """Take over another lesson: its file was saved with changes."""

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """The lesson starts: start own tasks, and push on the stack what ends them."""

    def routes(self, app: web.Application) -> None:
        """Add addresses of its own to the web server."""

    def sections(self, *, changing: bool) -> dict[str, object]:
        """Its sections of the state, computed now: those that are ``changing``, or the others."""
        marked = {name: getattr(function, _MARK, None) for name, function in vars(type(self)).items()}
        return {mark[0]: getattr(self, name)() for name, mark in marked.items() if mark and mark[1] is changing}


def section(name: str, *, changing: bool = False) -> Callable[[Producer], Producer]:
    """Mark a method that tells a section of the state.

    A section that is ``changing`` is computed again whenever something has happened. Any other section is published by
    its feature itself.
    """

    def mark(function: Producer) -> Producer:
        setattr(function, _MARK, (name, changing))
        return function

    return mark


def section_types(features: Iterable[type[Feature]]) -> dict[str, Any]:
    """The type of each section of the state, by its name."""
    return {
        getattr(function, _MARK)[0]: get_type_hints(function, include_extras=True)["return"]
        for feature in features
        for function in vars(feature).values()
        if hasattr(function, _MARK)
    }


@dataclass(frozen=True, slots=True)
class ProgramChain:
    """From sources to the program, for features that need all of it."""

    clock: Clock
    pool: SourcePool
    director: Director
    program: Program


class Events:
    """Calls the listeners of an event at once, in the order in which they were added.

    Belongs to the event loop. A listener that fails is reported, and the others are called nevertheless.
    """

    def __init__(self) -> None:
        self._listeners: dict[type, list[Callable[[Any], None]]] = {}

    def listen(self, kind: type[Event], listener: Callable[[Event], None]) -> None:
        """Call a listener with each event of a kind, until the lesson ends."""
        self._listeners.setdefault(kind, []).append(listener)

    def emit(self, event: object) -> None:
        """Tell all listeners of its kind about an event."""
        for listener in tuple(self._listeners.get(type(event), ())):
            try:
                listener(event)
            # The wall between a fault in one feature and what another one is just doing.
            except Exception as fault:
                # Not the event itself: a lesson file has secrets, and a student a name.
                logger.error("a listener failed at %s", type(event).__name__, exc_info=fault)


@dataclass(frozen=True, slots=True)
class SceneOnAir:
    """Another scene came on air.

    ``fallback``: the scene on air is gone from the lesson file, so the first one of the lesson took its place.
    """

    scene: str
    before: str
    why: Literal["teacher", "cue", "fallback"]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The teacher put a scene or a page of slides on air by hand, be it the one that was there."""


@dataclass(frozen=True, slots=True)
class PageTurned:
    """Slides were turned to a page, counted from 1."""

    source: str
    page: int
    why: Literal["teacher", "cue"]


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """A source has another state than at the last look; ``why`` it is not live, in English."""

    source: str
    state: SourceState
    before: SourceState
    why: str | None


@dataclass(frozen=True, slots=True)
class InputMuted:
    """An audio input was muted or opened; the teacher may also have said what was so already.

    ``opening``: the opening of the lesson is over (``features/silent_opening.py``).
    ``file``: the lesson file was changed.
    """

    input: str
    muted: bool
    why: Literal["teacher", "opening", "file"]


@dataclass(frozen=True, slots=True)
class StudentJoined:
    """A student joined, or came back; ``number`` is the key in the section `students`."""

    number: str
    name: str
    admitted: bool


@dataclass(frozen=True, slots=True)
class StudentAdmitted:
    """A student who had to wait was let in."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class StudentLeft:
    """A student has left, or was sent away."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """Students may do something else than before: the teacher or the lesson file said so."""

    rules: RoomRules
    before: RoomRules


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """Something is wrong, or an alarm has another sentence than before."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class AlarmCleared:
    """What an alarm was about is fixed."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class LessonFileApplied:
    """The lesson is now as its file says; sources that the file no longer has are closed."""

    lesson: Lesson
