"""What a student's page and the broadcaster say to each other about the class: raised hands, and the chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NotRequired, TypedDict

from classroom.common.errors import WireError

__all__ = ["ChatLine", "ChatMode", "ChatNews", "ChatSaid", "ClassNews", "Hand", "HandEntry", "read_chat", "read_hand"]

_LONGEST_CHAT = 20_000
"""Characters that are read, of which 500 are shown."""

ChatMode = Literal["everyone", "teacher", "off"]
"""Who writes to the class: everyone, only the teacher, or nobody. Students can always write to the teacher."""

ChatLine = TypedDict(
    "ChatLine",
    {
        "id": int,
        "from": str | None,
        "number": str | None,
        "own": bool,
        "teacher": bool,
        "private": bool,
        "text": str,
        "at": str,
    },
)
"""A message of the chat: ``from`` is the name of who wrote it, None where students see only its ``number``;
``private`` says that only teachers and the writer see it."""


@dataclass(frozen=True, slots=True)
class Hand:
    """The student raises a hand or lowers it."""

    type: Literal["hand"] = field(default="hand", init=False)
    up: bool


class HandEntry(TypedDict):
    """The student's own hand."""

    up: bool
    place: NotRequired[int]
    """Its place in the queue while it is up; the first is 1."""
    of: NotRequired[int]
    """How many hands are up."""


@dataclass(frozen=True, slots=True)
class ClassNews:
    """How the class is for this student: after each welcome, and when it has changed, at most once a second."""

    type: Literal["class"] = field(default="class", init=False)
    hand: HandEntry
    floor: bool
    """Whether students may raise their hands."""
    number: str
    """The student's, by which others know it where they see no names."""
    names: Literal["teacher", "everyone"]
    """Who sees students' names."""
    chat: ChatMode
    """Who writes to the class; students can always write to the teacher."""
    muted: bool
    """Whether only teachers see what this student writes."""


@dataclass(frozen=True, slots=True)
class ChatSaid:
    """A student writes: to the class where the lesson allows that, else to the teacher."""

    type: Literal["chat"] = field(default="chat", init=False)
    text: str
    n: int
    """A number of the page's own, by which a message that is sent again is not doubled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatNews:
    """What is new in the chat, at most once a second."""

    type: Literal["chat"] = field(default="chat", init=False)
    messages: list[ChatLine]
    removed: list[int]
    """The ids of messages that are gone."""
    acknowledged: int | None = None
    """The last message of the page that was taken, by its `n`."""
    refused: int | None = None
    """The last one that was not: the page writes too fast, or nothing of it can be seen."""
    history: bool = False
    """Whether the messages are all there are, and replace those that the page has."""


def read_hand(value: Mapping[str, object]) -> Hand:
    """Read a page's message about its hand; WireError when it does not say which."""
    up = value.get("up")
    if not isinstance(up, bool):
        raise WireError("its up is neither true nor false")
    return Hand(up)


def read_chat(value: Mapping[str, object]) -> ChatSaid:
    """Read a message that a student writes; WireError where its text or its number is missing."""
    text, n = value.get("text"), value.get("n")
    if not isinstance(text, str) or len(text) > _LONGEST_CHAT:
        raise WireError("its text is missing or too long")
    if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n < 2**53:
        raise WireError("its n is not a number")
    return ChatSaid(text, n)
