"""What a student's page and the broadcaster say to each other about the class: raised hands, and who may raise one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NotRequired, TypedDict

from classroom.common.errors import WireError

__all__ = ["ClassNews", "Hand", "HandEntry", "read_hand"]


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


def read_hand(value: Mapping[str, object]) -> Hand:
    """Read a page's message about its hand; WireError when it does not say which."""
    up = value.get("up")
    if not isinstance(up, bool):
        raise WireError("its up is neither true nor false")
    return Hand(up)
