"""The run of show: which cue comes next, and which ones are due. Times in, cues out; nothing is carried out here.

The order of the list is the order of the show. A cue comes at its time, but never before those above it; one without a
time waits for the teacher, and is passed over when a later one comes. The teacher's own command goes before the run of
show: it holds it, and cues that become due wait until the teacher asks for the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording

__all__ = ["Cue", "CueState", "RunOfShow"]

CueState = Literal["done", "passed", "next", "coming"]

_LAST = Wording("cue.last", "This was the last cue.")


@dataclass(frozen=True, slots=True)
class Cue:
    """One step: a scene, a page of slides (source, page), or both. ``due`` is in seconds from the start or None."""

    scene: str | None
    slide: tuple[str, int] | None = None
    title: str = ""
    due: float | None = None


class RunOfShow:
    """The cues of a lesson and how far it has come. Times are seconds from the start of the lesson.

    A cue whose time was before the start is left out: a lesson that starts late starts where it would be by then.
    """

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._held = False
        self._cues = tuple(cues)
        self._times = _times(self._cues)
        self._position = 0
        self._done: set[int] = set()
        self._over = _before_the_beginning(self._cues)

    @property
    def cues(self) -> tuple[Cue, ...]:
        """All cues, in their order."""
        return self._cues

    @property
    def held(self) -> bool:
        """Whether the teacher has taken over, so that no cue comes automatically."""
        return self._held

    @property
    def next(self) -> int | None:
        """The place in the list of the cue that comes next; None at the end."""
        return next(iter(self._coming()), None)

    def time(self, place: int) -> float | None:
        """When the cue at a place of the list comes; None for one that waits for the teacher."""
        return self._times[place]

    def state(self, place: int) -> CueState:
        """How the cue at a place of the list is: ``passed`` is one that was left out."""
        if place in self._done:
            return "done"
        if place < self._position or place in self._over:
            return "passed"
        return "next" if place == self.next else "coming"

    def wakes(self) -> float | None:
        """When the next cue comes automatically; None when none will."""
        if self._held:
            return None
        return next((time for place in self._coming() if (time := self._times[place]) is not None), None)

    def waiting(self, now: float) -> int:
        """How many cues are due and have not come, because the teacher has taken over."""
        return len(self._due(now))

    def due(self, now: float) -> tuple[Cue, ...]:
        """The cues that come now, in their order; none while the show is held."""
        return () if self._held else self._take(self._due(now))

    def hold(self) -> bool:
        """The teacher has given a command: no cue comes automatically from now on. False when that was so already."""
        changed = not self._held and self.next is not None
        self._held = self._held or changed
        return changed

    def advance(self, now: float) -> tuple[Cue, ...]:
        """The cues that are due by now, else the next one, regardless of its time; CommandError at the end."""
        following = self.next
        if following is None:
            raise CommandError.not_possible(_LAST())
        self._held = False
        return self._take(self._due(now) or [following])

    def replace(self, cues: Iterable[Cue], now: float) -> None:
        """Take another list; what was done stays done, and what is new and would be over already is passed over.

        A cue that has only another title than before is the same.
        """
        old, before = self._cues, self._position
        done = {old[place] for place in self._done}
        waiting = [_untitled(old[place]) for place in self._due(now)]
        self._cues = tuple(cues)
        self._times = _times(self._cues)
        self._position = 0
        for cue in old[:before]:
            place = self._place_of(cue, old, old[before:])
            if place is not None:
                self._position = place + 1
                if cue in done:
                    done.add(self._cues[place])
        self._done = {place for place in range(self._position) if self._cues[place] in done}
        self._over = _before_the_beginning(self._cues)
        self._over |= {place for place in self._due(now) if _untitled(self._cues[place]) not in waiting}

    def resume(
        self, *, done: Iterable[int], passed: Iterable[int], fresh: Iterable[int], until: float, held: bool
    ) -> None:
        """Go on with a show that was interrupted: at these places of the list are the cues that came or were passed.

        ``fresh`` are those that were not in it; they are passed over where they would have come before ``until``.
        """
        self._done = set(done)
        self._position = max((place + 1 for place in self._done), default=0)
        self._over |= {place for place in passed if place >= self._position}
        new = set(fresh)
        self._over |= {place for place in self._due(until) if place in new}
        self._held = held and self.next is not None

    def retime(self, cues: Iterable[Cue]) -> None:
        """Take the same cues at other times, as when the clock of the computer was set; what has come has come."""
        self._cues = tuple(cues)
        self._times = _times(self._cues)
        self._over |= _before_the_beginning(self._cues)

    def _place_of(self, cue: Cue, old: Sequence[Cue], coming: Sequence[Cue]) -> int | None:
        """Where a cue that came is in the new list, below those already found; None where it is gone."""
        rest = self._cues[self._position :]
        if cue in rest:
            return self._position + rest.index(cue)
        for place, other in enumerate(rest, self._position):
            # One that was to come, or stands below such a one, is not the one that came.
            if other in coming:
                return None
            if other not in old and _untitled(other) == _untitled(cue):
                return place
        return None

    def _coming(self) -> Sequence[int]:
        return [place for place in range(self._position, len(self._cues)) if place not in self._over]

    def _due(self, now: float) -> list[int]:
        return [place for place in self._coming() if (time := self._times[place]) is not None and time <= now]

    def _take(self, places: Sequence[int]) -> tuple[Cue, ...]:
        if places:
            self._position = places[-1] + 1
            self._done.update(places)
        return tuple(self._cues[place] for place in places)


def _untitled(cue: Cue) -> Cue:
    return replace(cue, title="")


def _before_the_beginning(cues: Sequence[Cue]) -> set[int]:
    return {place for place, cue in enumerate(cues) if cue.due is not None and cue.due < 0}


def _times(cues: Sequence[Cue]) -> tuple[float | None, ...]:
    """When each comes: at its time, but not before those above it."""
    times: list[float | None] = []
    latest = 0.0
    for cue in cues:
        if cue.due is None or cue.due < 0:
            times.append(None)
            continue
        latest = max(latest, cue.due)
        times.append(latest)
    return tuple(times)
