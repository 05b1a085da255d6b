"""Students as the list of a lesson shows them, for tests that only care about some of it."""

from __future__ import annotations

from typing import Any, cast

from classroom.students.roster import StudentEntry
from classroom.webrtc.class_messages import ClassNews, HandEntry
from classroom.webrtc.reception_report import Latency, Shows

__all__ = ["class_news", "latency", "shows", "student_entry"]


def student_entry(name: str = "Ada", **other: Any) -> StudentEntry:
    """A student who watches and has reported nothing; ``other`` replaces fields."""
    usual = {
        "name": name,
        "joined": "2026-11-23T10:00:00+00:00",
        "state": "watching",
        "admitted": True,
        "blocked": False,
        "hand": False,
        "raised": None,
        "tier": "full",
        "codec": "h264",
        "round_trip": None,
        "loss": None,
        "can_send": None,
        "small": False,
        "latency": None,
        "shows": None,
    }
    return cast("StudentEntry", {**usual, **other})


def shows(**other: Any) -> Shows:
    """What a page shows where all is well; ``other`` replaces fields."""
    return cast("Shows", {"width": 1280, "height": 720, "fps": 30.0, "freezes": 0, "sound": "playing", **other})


def latency(p95: float | None, *, clock: float = 0.001, sound: float | None = None) -> Latency:
    """How late a page is, in seconds."""
    heard = None if sound is None else {"p50": sound / 2, "p95": sound}
    return cast("Latency", {"p50": None if p95 is None else p95 / 2, "p95": p95, "clock": clock, "sound": heard})


def class_news(hand: HandEntry | None = None, *, floor: bool = True) -> ClassNews:
    """What the page of student 7 is told where all may write, speak and see names."""
    return ClassNews(
        hand=hand or {"up": False}, floor=floor, number="7", names="everyone", chat="everyone", muted=False
    )
