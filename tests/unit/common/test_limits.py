"""The limits are the same in the code, in the lesson file and in what is told of them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from classroom.common.limits import Limits
from classroom.lesson import sections

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"


def test_the_defaults_are_those_of_the_lesson_file() -> None:
    assert dataclasses.asdict(Limits()) == sections.LimitsModel().model_dump()


def test_the_defaults_are_told() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    defaults = {
        name: "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in dataclasses.asdict(Limits()).items()
    }
    assert told == defaults


def test_two_of_the_longest_messages_always_fit() -> None:
    assert Limits().queue_bytes == 4 * 1024 * 1024
    assert Limits(body=16 * 1024 * 1024).queue_bytes == 32 * 1024 * 1024
