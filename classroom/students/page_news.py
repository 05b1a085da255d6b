"""Tells each page at most once a second what is new in the chat.

A page has a turn of its own, a second after its last one, so a class that writes does not get all of it in one instant:
that would hold up everything else for a tenth of a second. After a pause the first news go out at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from classroom.common.clock import Clock
from classroom.students.chat_log import ChatLog
from classroom.students.page_messages import StudentPages
from classroom.students.roster import Student

__all__ = ["PageNews"]

_EVERY: Final = 1.0
_AT_ONCE: Final = 8
_PAUSE: Final = 0.008
"""Seconds between two turns; eight pages take about half of that."""


@dataclass(slots=True)
class _Told:
    """What a page knows: ``moment`` of the chat, None before the history; ``answer`` is what became of its own."""

    at: float
    moment: int | None = None
    acknowledged: int | None = None
    refused: int | None = None

    @property
    def owed(self) -> bool:
        return self.acknowledged is not None or self.refused is not None


class PageNews:
    """The turns of the pages."""

    def __init__(self, pages: StudentPages, chat: ChatLog, *, clock: Clock) -> None:
        self._pages = pages
        self._chat = chat
        self._clock = clock
        self._told: dict[int, _Told] = {}
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """There may be something new."""
        self._changed.set()

    def answer(self, student: Student, n: int, *, taken: bool) -> None:
        """Tell a page with its next news what became of its message ``n``."""
        for peer, each in self._pages.welcomed():
            if each is student:
                told = self._of(peer)
                told.acknowledged, told.refused = (n, told.refused) if taken else (told.acknowledged, n)
        self.changed()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while waiting := self._waiting():
                now = self._clock.now()
                turn = [each for each in waiting if self._told[each[0]].at + _EVERY <= now][:_AT_ONCE]
                for peer, student in turn:
                    await self._tell(peer, student, now)
                next_turn = min(self._told[peer].at for peer, _ in waiting) + _EVERY - self._clock.now()
                await asyncio.sleep(_PAUSE if turn else max(_PAUSE, next_turn))

    def _of(self, peer: int) -> _Told:
        return self._told.setdefault(peer, _Told(at=float("-inf")))

    def _waiting(self) -> list[tuple[int, Student]]:
        """The pages that may not know everything. What is news to each of them is looked at in its turn only."""
        pages = self._pages.welcomed()
        present = {peer for peer, _ in pages}
        self._told = {peer: told for peer, told in self._told.items() if peer in present}
        moment = self._chat.moment
        return [page for page in pages if (told := self._of(page[0])).owed or told.moment != moment]

    async def _tell(self, peer: int, student: Student, now: float) -> None:
        told = self._told[peer]
        told.at = now
        text = self._text(told, student)
        told.moment, told.acknowledged, told.refused = self._chat.moment, None, None
        if text is not None:
            await self._pages.tell_text(peer, text)

    def _text(self, told: _Told, student: Student) -> str | None:
        """A ``ChatNews`` as JSON, of messages that were written once for all pages.

        None where nothing of what is new is for this student, as when others have written to the teacher.
        """
        if told.moment is None:
            added, removed, whole = self._chat.history(student.number), list[int](), True
        else:
            added, removed, whole = self._chat.news(student.number, told.moment)
        # A page that has just come has nothing that a history without messages would replace.
        if not (added or removed or told.owed or (whole and told.moment is not None)):
            return None
        answers = "".join(
            f', "{name}": {value}'
            for name, value in (("acknowledged", told.acknowledged), ("refused", told.refused))
            if value is not None
        )
        history = ', "history": true' if whole else ""
        return f'{{"type": "chat", "messages": [{", ".join(added)}], "removed": {removed}{answers}{history}}}'
