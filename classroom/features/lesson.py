"""What the lesson is, and where it is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from classroom.lesson import Lesson

__all__ = ["LessonSection", "lesson_section"]


class LessonSection(TypedDict):
    """What the lesson is, for how long it runs, and where students find it."""

    title: str
    language: str | None
    """The language of the pages, such as `en`; null for that of each browser."""
    started: str
    """When it began, ISO 8601."""
    elapsed: float
    """Seconds since then, when this was said."""
    addresses: list[str]
    """Where students find it, the best first."""
    secure_addresses: list[str]
    """The same with https only."""
    fingerprint: str | None
    """That of the authority behind https, for those who are asked to trust it."""


def lesson_section(
    lesson: Lesson,
    began: datetime,
    elapsed: float,
    *,
    addresses: Sequence[str],
    secure_addresses: Sequence[str],
    fingerprint: str | None,
) -> LessonSection:
    """What the lesson is; ``elapsed`` is in seconds."""
    return {
        "title": lesson.lesson.title,
        "language": lesson.lesson.language,
        "started": began.isoformat(timespec="seconds"),
        "elapsed": round(elapsed, 3),
        "addresses": list(addresses),
        "secure_addresses": list(secure_addresses),
        "fingerprint": fingerprint,
    }
