"""What each page is told of the chat, and that a class that writes costs each page one look a second."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from classroom.common.clock import SystemClock
from classroom.common.tasks import end
from classroom.lesson.sections import IceModel
from classroom.students.chat_log import ChatLog
from classroom.students.page_messages import StudentPages
from classroom.students.page_news import PageNews
from classroom.students.roster import Roster, Student
from classroom.students.settings import PeerChannel
from classroom.webrtc.ice.servers import IceServers
from tests.support.broadcast import eventually

PAGES = 40


class CountingLog(ChatLog):
    """Counts how often somebody looks what is new."""

    looks = 0

    def news(self, number: str, moment: int) -> tuple[list[str], list[int], bool]:
        self.looks += 1
        return super().news(number, moment)


class Class:
    """A class of pages, and what each was told of the chat."""

    def __init__(self) -> None:
        self.log = CountingLog()
        self.told: dict[int, list[dict[str, Any]]] = {peer: [] for peer in range(PAGES)}
        self.roster = Roster(most=PAGES, changed=lambda: None)
        servers = IceServers(IceModel.model_validate({}), wall=lambda: 0.0)
        pages = StudentPages(self.roster, PeerChannel(self._send, None), servers)
        self.news = PageNews(pages, self.log, clock=SystemClock())
        for peer in range(PAGES):
            student = self.roster.enter(peer, f"student {peer}", "192.0.2.1", admitted=True)
            student.page, student.ticket = True, f"ticket {peer}"

    def student(self, peer: int) -> Student:
        return self.roster.present[peer]

    def write(self, peer: int, text: str, *, private: bool) -> None:
        """A student writes, to the class or to the teacher alone."""
        number, to = self.student(peer).number, "teacher" if private else "class"
        self.log.add(text, at="now", student=number, name="", shown=None, to=to)  # type: ignore[arg-type]
        self.news.changed()

    def texts(self, peer: int) -> list[str]:
        """What a page was told, in its order."""
        return [line["text"] for news in self.told[peer] for line in news["messages"]]

    async def _send(self, peer: int, text: str) -> None:
        self.told[peer].append(json.loads(text))


@pytest_asyncio.fixture
async def lesson() -> AsyncIterator[Class]:
    lesson = Class()
    telling = asyncio.create_task(lesson.news.run())
    yield lesson
    await end(telling)


async def test_each_page_is_told_all_and_only_what_it_may_see(lesson: Class) -> None:
    lesson.write(1, "hello", private=False)
    lesson.write(2, "only for you", private=True)
    await eventually(lambda: all(lesson.texts(peer) for peer in range(PAGES)))
    assert lesson.texts(1) == ["hello"]
    assert lesson.texts(2) == ["hello", "only for you"]
    lesson.write(3, "later", private=False)
    await eventually(lambda: all(lesson.texts(peer)[-1] == "later" for peer in range(PAGES)))


async def test_a_page_is_told_nothing_that_is_not_for_it(lesson: Class) -> None:
    lesson.write(0, "first", private=True)
    await eventually(lambda: lesson.texts(0) == ["first"])
    lesson.write(0, "second", private=True)
    lesson.news.answer(lesson.student(0), 7, taken=True)
    await eventually(lambda: lesson.told[0][-1].get("acknowledged") == 7)
    assert lesson.texts(0) == ["first", "second"]
    assert not any(told for peer, told in lesson.told.items() if peer != 0)


async def test_what_is_new_is_looked_for_once_for_each_time_that_a_page_is_told(lesson: Class) -> None:
    lesson.write(0, "first", private=False)
    await eventually(lambda: all(lesson.texts(peer) for peer in range(PAGES)))
    for number in range(100):
        lesson.write(number % PAGES, str(number), private=False)
        await asyncio.sleep(0.01)  # so that the turns of the pages are spread, and much is new at each
    await eventually(lambda: all(len(lesson.texts(peer)) == 101 for peer in range(PAGES)))
    assert lesson.log.looks == sum(len(told) - 1 for told in lesson.told.values()), "the first was the history"
