"""What was written in the chat, and what each page has not been told of it. Pure: no clock, no network."""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict

from classroom.webrtc.class_messages import ChatLine

__all__ = ["HISTORY", "ChatEntry", "ChatLog", "ChatMessage", "ChatUpdate"]

HISTORY: Final = 50
"""Messages that a page gets when it joins or comes back."""

_KEPT: Final = 200
"""Messages to the class, and as many to teachers: who writes to teachers alone pushes nothing of the class out."""

_CHANGES: Final = 1000


class ChatEntry(TypedDict):
    """A message as teachers see it."""

    id: int
    student: str | None
    """The number of who wrote it, null for a teacher."""
    name: str
    """Of the student; empty for a teacher."""
    text: str
    at: str
    """When, ISO 8601."""
    to: Literal["class", "teacher"]
    """Who sees it: the class, or only teachers and who wrote it."""


class ChatUpdate(TypedDict):
    """The notification `chat`: what is new, and the ids of what was removed."""

    revision: int
    added: list[ChatEntry]
    removed: list[int]


@dataclass(slots=True)
class ChatMessage:
    """A message, with what pages get of it as JSON, written once for all of them.

    ``shown`` is its writer's name as students see it, None where they see the number.
    """

    entry: ChatEntry
    shown: str | None
    own: str = field(init=False)
    others: str = field(init=False)

    def __post_init__(self) -> None:
        self.own, self.others = (json.dumps(self.line(own=own)) for own in (True, False))

    def line(self, *, own: bool) -> ChatLine:
        """The message as a student's page gets it."""
        entry = self.entry
        return {
            "id": entry["id"],
            "from": self.shown,
            "number": entry["student"],
            "own": own,
            "teacher": entry["student"] is None,
            "private": entry["to"] == "teacher",
            "text": entry["text"],
            "at": entry["at"],
        }

    def seen_by(self, number: str) -> bool:
        """Whether a student sees it."""
        return self.entry["to"] == "class" or self.entry["student"] == number


class ChatLog:
    """The last messages, and the changes since any moment; a moment is the count of the changes until then."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._messages: dict[int, ChatMessage] = {}
        self._changes: deque[ChatMessage | int] = deque(maxlen=_CHANGES)
        self.moment = 0

    def add(
        self, text: str, *, at: str, student: str | None, name: str, shown: str | None, to: Literal["class", "teacher"]
    ) -> ChatMessage:
        """Add a message. More than 200 to the class, or to teachers, are not kept: the oldest of these is forgotten."""
        entry: ChatEntry = {"id": next(self._ids), "student": student, "name": name, "text": text, "at": at, "to": to}
        message = self._messages[entry["id"]] = ChatMessage(entry, shown)
        alike = [id for id, each in self._messages.items() if each.entry["to"] == to]
        if len(alike) > _KEPT:
            del self._messages[alike[0]]
        self._change(message)
        return message

    def remove(self, id: int) -> bool:
        """Remove a message; whether there was one."""
        if self._messages.pop(id, None) is None:
            return False
        self._change(id)
        return True

    def ids(self) -> list[int]:
        """The ids of all messages, the oldest first."""
        return list(self._messages)

    def entries(self) -> list[ChatEntry]:
        """All messages as teachers see them."""
        return [message.entry for message in self._messages.values()]

    def history(self, number: str) -> list[str]:
        """The last messages that a student sees, as JSON."""
        seen = [message for message in self._messages.values() if message.seen_by(number)]
        return _written(seen[-HISTORY:], number)

    def since(self, moment: int) -> tuple[list[ChatMessage], list[int]] | None:
        """What was added and removed since a moment; None where that is too long ago."""
        count = self.moment - moment
        if count > len(self._changes):
            return None
        changes = list(itertools.islice(reversed(self._changes), count))[::-1]
        removed = sorted(change for change in changes if isinstance(change, int))
        added = [each for each in changes if isinstance(each, ChatMessage) and each.entry["id"] in self._messages]
        return added, removed

    def news(self, number: str, moment: int) -> tuple[list[str], list[int], bool]:
        """What a student has not been told since a moment, as JSON: added, removed, and whether it is the history."""
        changes = self.since(moment)
        if changes is None:
            return self.history(number), [], True
        added, removed = changes
        return _written((each for each in added if each.seen_by(number)), number), removed, False

    def _change(self, change: ChatMessage | int) -> None:
        self._changes.append(change)
        self.moment += 1


def _written(messages: Iterable[ChatMessage], number: str) -> list[str]:
    return [each.own if each.entry["student"] == number else each.others for each in messages]
