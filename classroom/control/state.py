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

    ``keyed`` names sections of which, from so many entries on, only the entries that changed are told.

    Values are JSON (dict, list, str, number, bool, None). Setting a section to its present value does not count as a
    change.
    """

    def __init__(self, sections: Sections | None = None, *, keyed: Mapping[str, int] | None = None) -> None:
        self._sections: dict[str, object] = {}
        self._revision = 0
        self._listeners: list[Callable[[int, Sections], None]] = []
        self._news: list[Callable[[int, str, Sections], None]] = []
        self._keyed = dict(keyed or {})
        self.begin(sections or {})

    def tell(self, name: str, news: Sections) -> int:
        """Tell what is new in a section that is too large to be sent whole; return the revision, which grows by one.

        The section itself is not kept here: its feature tells it whole at hello.
        """
        self._revision += 1
        for listener in list(self._news):
            listener(self._revision, name, news)
        return self._revision

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
        differences = {name: self._difference(name, changed.pop(name)) for name in self._large(changed)}
        if changed:
            self._sections |= changed
            self._revision += 1
            for listener in list(self._listeners):
                listener(self._revision, changed)
        for name, difference in differences.items():
            self.tell(name, difference)
        return self._revision

    def listen(
        self,
        listener: Callable[[int, Sections], None],
        news: Callable[[int, str, Sections], None] = lambda _revision, _name, _news: None,
    ) -> Callable[[], None]:
        """Call ``listener(revision, changed sections)`` with each change; the result ends that.

        ``news(revision, section, what is new)`` is called instead for sections that are too large to be sent whole.
        """
        self._listeners.append(listener)
        self._news.append(news)

        def forget() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)
                self._news.remove(news)

        return forget

    def _large(self, changed: Sections) -> list[str]:
        sizes = {name: len(value) for name, value in changed.items() if isinstance(value, dict)}
        return [name for name, least in self._keyed.items() if sizes.get(name, 0) >= least and name in self._sections]

    def _difference(self, name: str, value: object) -> dict[str, object]:
        before, now = self._sections.get(name), value
        assert isinstance(before, dict)
        assert isinstance(now, dict)
        self._sections[name] = now
        changed = {key: each for key, each in now.items() if key not in before or before[key] != each}
        return {"changed": changed, "gone": [key for key in before if key not in now]}

    def _differs(self, name: str, value: object) -> bool:
        return name not in self._sections or self._sections[name] != value
