"""The chat: what students and teachers write, who sees it, and how the teacher mutes and removes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import Field

from classroom.common.clock import Clock
from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.common.tasks import run_supervised
from classroom.control import json_rpc
from classroom.control.registry import command
from classroom.control.state import StateBoard
from classroom.features.base import Feature, StudentNumber, section
from classroom.lesson import Lesson
from classroom.signaling.rate_limits import TokenBucket
from classroom.students.audience import Audience
from classroom.students.chat_log import ChatEntry, ChatLog
from classroom.students.chat_text import chat_text
from classroom.students.page_news import PageNews
from classroom.students.roster import Student
from classroom.webrtc.class_messages import ChatSaid
from classroom.webrtc.messages import Welcome

__all__ = ["ChatFeature"]

_A_SECOND: Final = 1.0
_BURST: Final = 5.0
_TEACHERS_EVERY: Final = 0.2
"""Seconds between two notifications to teachers."""

_WRITERS: Final = 4096

_OFF = Wording("chat.off", "The chat is off. Switch it on first, for everyone or for you alone.")
_NOTHING = Wording("chat.nothing", "Nothing of this message can be seen.")


@dataclass(slots=True)
class _Writer:
    """How fast a student may write, and which of its messages came already: a page sends again what was lost."""

    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(_A_SECOND, _BURST))
    seen: deque[int] = field(default_factory=lambda: deque(maxlen=32))


class ChatFeature(Feature):
    """The chat of a lesson. ``board`` tells teachers; the pages of students are told each in its turn."""

    def __init__(self, lesson: Lesson, *, audience: Audience, board: StateBoard, clock: Clock) -> None:
        self._names = lesson.access.names
        self._audience = audience
        self._board = board
        self._clock = clock
        self._log = ChatLog()
        self._writers: OrderedDict[str, _Writer] = OrderedDict()
        self._told_teachers = 0
        self._written = asyncio.Event()
        self._pages = PageNews(audience.pages, self._log, clock=clock)
        audience.pages.listen(ChatSaid, self._said)
        audience.pages.listen(Welcome, lambda _student, _welcome: self._pages.changed())

    # Commands

    @command("chat.send")
    def send(self, text: Annotated[str, Field(max_length=20_000)]) -> None:
        """Write to the class: one line of at most 500 characters. Not possible while the chat is off."""
        if self._audience.rules.chat == "off":
            raise CommandError.not_possible(_OFF())
        shown = chat_text(text)
        if not shown:
            raise CommandError(json_rpc.INVALID_PARAMS, _NOTHING())
        self._log.add(shown, at=_now(), student=None, name="", shown=None, to="class")
        self._tell()

    @command("chat.remove")
    def remove(self, id: int) -> None:
        """Remove a message everywhere."""
        if not self._log.remove(id):
            raise CommandError.unknown("message", str(id), [str(each) for each in self._log.ids()])
        self._tell()

    @command("chat.clear")
    def clear(self) -> None:
        """Remove all messages everywhere."""
        for id in self._log.ids():
            self._log.remove(id)
        self._tell()

    @command("chat.mute")
    def mute(self, id: StudentNumber, muted: bool) -> None:
        """Let only teachers see what a student writes from now on, or end that."""
        self._audience.student(str(id)).chat_muted = muted
        self._audience.changed()

    # The section of the state

    @section("chat")
    def chat(self) -> list[ChatEntry]:
        """The last 200 messages to the class, and 200 to teachers; what is new later is told as `chat`."""
        return self._log.entries()

    # The lesson

    def apply(self, lesson: Lesson) -> None:
        """Show names or numbers from now on."""
        self._names = lesson.access.names

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Tell pages and teachers what is new."""
        run_supervised(stack, "chat to students", self._pages.run)
        run_supervised(stack, "chat to teachers", self._tell_teachers)

    def _said(self, student: Student, message: ChatSaid) -> None:
        writer = self._writers.setdefault(student.number, _Writer())
        self._writers.move_to_end(student.number)
        if len(self._writers) > _WRITERS:
            self._writers.popitem(last=False)
        taken = message.n in writer.seen
        # Looking at a text costs time, so one that comes too fast is not even looked at.
        may_write = not taken and writer.bucket.take(self._clock.now(), 0.0) is not None
        if may_write and (text := chat_text(message.text)):
            taken = True
            writer.seen.append(message.n)
            everyone = self._audience.rules.chat == "everyone" and not student.chat_muted
            self._log.add(
                text, at=_now(), student=student.number, name=student.name,
                shown=student.name if self._names == "everyone" else None, to="class" if everyone else "teacher",
            )  # fmt: skip
            self._written.set()
        self._pages.answer(student, message.n, taken=taken)

    def _tell(self) -> None:
        """Tell teachers at once, so that the reply to a command has the revision with what it changed."""
        self._pages.changed()
        changes = self._log.since(self._told_teachers)
        added, removed = ([], []) if changes is None else changes
        if changes is None:  # more than could be kept since the last look
            self._board.update({"chat": self._log.entries()})
        elif added or removed:
            self._board.tell("chat", {"added": [each.entry for each in added], "removed": removed})
        self._told_teachers = self._log.moment

    async def _tell_teachers(self) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            self._tell()
            await asyncio.sleep(_TEACHERS_EVERY)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
