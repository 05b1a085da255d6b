"""The state that every teacher sees: named sections, and a revision that grows by one with each change."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import NewType

__all__ = ["State", "StateBoard"]

Sections = Mapping[str, object]

State = NewType("State", Mapping[str, object])
"""All sections of the state; each is declared where it is produced."""


class StateBoard:
    """Holds the sections of the state and tells listeners which changed.

    Values are JSON (dict, list, str, number, bool, None). Setting a section to its present value does not count as a
    change.
    """

    def __init__(self, sections: Sections | None = None) -> None:
        self._sections: dict[str, object] = {}
        self._revision = 0
        self._listeners: list[Callable[[int, Sections], None]] = []
        self.begin(sections or {})

    def begin(self, sections: Sections) -> None:
        """Set the first state; listeners are not called, and the revision is 0."""
        self._sections, self._revision = copy.deepcopy(dict(sections)), 0

    @property
    def revision(self) -> int:
        """The number of changes so far."""
        return self._revision

    def whole(self) -> dict[str, object]:
        """A copy of all sections."""
        return copy.deepcopy(self._sections)

    def update(self, sections: Sections) -> int:
        """Replace sections; tell the listeners those that changed, whole; return the revision."""
        changed = {name: copy.deepcopy(value) for name, value in sections.items() if self._differs(name, value)}
        if changed:
            self._sections |= changed
            self._revision += 1
            for listener in list(self._listeners):
                listener(self._revision, changed)
        return self._revision

    def listen(self, listener: Callable[[int, Sections], None]) -> Callable[[], None]:
        """Call ``listener(revision, changed sections)`` with each change; the result ends that."""
        self._listeners.append(listener)

        def forget() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return forget

    def _differs(self, name: str, value: object) -> bool:
        return name not in self._sections or self._sections[name] != value
