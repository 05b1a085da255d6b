"""Figures of a whole class, for monitoring: how late the lesson is with its students, and what their pages play."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import get_args

from classroom.media.timing import percentile
from classroom.students.roster import StudentEntry
from classroom.webrtc.reception_report import SoundState

__all__ = ["class_latency", "class_sound"]


def class_latency(students: Iterable[StudentEntry]) -> Mapping[tuple[str, float], float]:
    """Seconds by medium, ``picture`` or ``sound``, and quantile; nothing where no page has measured.

    0.5 is the middle of the students' middles, and 0.95 what 95 of 100 students' own 95 % do not exceed.
    """
    reports = [each["latency"] for each in students if each["state"] == "watching" and each["latency"] is not None]
    figures = {
        ("picture", 0.5): [each["p50"] for each in reports if each["p50"] is not None],
        ("picture", 0.95): [each["p95"] for each in reports if each["p95"] is not None],
        ("sound", 0.5): [each["sound"]["p50"] for each in reports if each["sound"] is not None],
        ("sound", 0.95): [each["sound"]["p95"] for each in reports if each["sound"] is not None],
    }
    return {key: percentile(sorted(values), key[1]) for key, values in figures.items() if values}


def class_sound(students: Iterable[StudentEntry]) -> Mapping[str, int]:
    """How many students' pages play the sound, may not, and are muted."""
    counts = Counter(
        each["shows"]["sound"] for each in students if each["state"] == "watching" and each["shows"] is not None
    )
    return {state: counts[state] for state in get_args(SoundState)}
