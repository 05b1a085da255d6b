"""The sources of a lesson: how each is, and how the teacher restarts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from classroom.common.sentences import Reason, reason_of
from classroom.control.registry import Name, command
from classroom.features.base import Events, Feature, SourceChanged, section
from classroom.media.source_pool import SourcePool
from classroom.media.supervisor import SourceState, SourceStatus

__all__ = ["SourceEntry", "SourcesFeature", "sources_section"]

Statuses = Mapping[str, SourceStatus]


class SourceEntry(TypedDict):
    """How a picture source is."""

    kind: str
    """As in the lesson file, such as `camera`."""
    state: SourceState
    why: str | None
    """Why it is not live, in English."""
    reason: Reason | None
    """What `why` is made of; null where it is text of somebody else's."""
    size: tuple[int, int] | None
    """Width and height in pixels, while it delivers pictures."""
    fps: float | None
    """Pictures a second, measured; null for a still."""
    page: NotRequired[int]
    """The page of slides that is shown, from 1."""
    pages: NotRequired[int | None]
    """How many pages the slides have; null until that is known."""


class SourcesFeature(Feature):
    """How the sources are, and how one is restarted."""

    def __init__(self, pool: SourcePool, *, events: Events) -> None:
        self._pool = pool
        self._events = events
        self._states: dict[str, SourceState] = {}

    @command("source.restart")
    def restart(self, source: Name) -> None:
        """Close a source and open it again, for example after a camera was plugged in."""
        self._pool.restart(source)

    @section("sources", changing=True)
    def sources(self) -> dict[str, SourceEntry]:
        """How each source is, by its name."""
        statuses = self._pool.pictures()
        self._tell_of(statuses)
        return sources_section(statuses, self._pool.pages())

    def _tell_of(self, statuses: Statuses) -> None:
        before, self._states = self._states, {name: status.state for name, status in statuses.items()}
        for name, status in statuses.items():
            if name in before and before[name] != status.state:
                why = None if status.why is None else str(status.why)
                self._events.emit(SourceChanged(name, status.state, before[name], why))


def sources_section(statuses: Statuses, pages: Mapping[str, tuple[int, int | None]]) -> dict[str, SourceEntry]:
    """How each source is; ``pages`` has the page that is shown and how many there are, of those that have pages."""
    section: dict[str, SourceEntry] = {}
    for name, status in statuses.items():
        section[name] = {
            "kind": status.kind,
            "state": status.state,
            "why": None if status.why is None else str(status.why),
            "reason": reason_of(status.why),
            "size": status.size,
            "fps": status.fps,
        }
        if name in pages:
            section[name]["page"], section[name]["pages"] = pages[name]
    return section
