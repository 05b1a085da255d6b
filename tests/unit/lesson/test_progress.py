"""What is kept of a lesson: what comes back from a file, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.lesson.audio import AudioSettings
from classroom.lesson.progress import (
    LARGEST,
    CueProgress,
    DeviceProgress,
    InputProgress,
    PageProgress,
    Progress,
    RunOfShowProgress,
    read,
)

SAVED = datetime(2026, 11, 23, 10, 40, tzinfo=UTC)
SET = AudioSettings(gain=-3.0, muted=True, delay=0.0, duck=0.0, heard="always")


def kept(**other: Any) -> Progress:
    values: dict[str, Any] = {
        "lesson": "/lessons/week3.yaml",
        "saved": SAVED,
        "elapsed": 1500.0,
        "scene": "talk",
        "preview": None,
        "waits": False,
        "waiting": ("player",),
        "audio": {"mic": InputProgress(said=SET, set=SET)},
        "pages": {"slides": PageProgress(file="/lessons/week3.pdf", page=17)},
        "devices": {"mic": DeviceProgress(wish="1", identity="Headset", label="Headset")},
        "cues": RunOfShowProgress(
            held=True, cues=(CueProgress(mark="a", state="done"), CueProgress(mark="b", state="coming"))
        ),
    }
    return Progress(**{**values, **other})


def test_what_is_written_is_read() -> None:
    assert read(kept().model_dump_json().encode(), "/lessons/week3.yaml") == kept()


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
    | st.integers(0, 900).map(lambda end: kept().model_dump_json().encode()[:end])
)
def test_whatever_else_is_there_counts_for_nothing(data: bytes) -> None:
    if data == kept().model_dump_json().encode():
        return
    with pytest.raises(ValueError, match=r"\w"):
        read(data, "/lessons/week3.yaml")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (kept().model_dump_json().replace('"version":1', '"version":2').encode(), "version"),
        (kept(lesson="/lessons/other.yaml").model_dump_json().encode(), "another lesson"),
        (b" " * (LARGEST + 1), "too large"),
        (b"[" * 100_000, "cannot be read"),
        (kept().model_dump_json().replace("-3.0", "NaN").encode(), "cannot be read"),
        (kept().model_dump_json().replace("-3.0", "9" * 400).encode(), "gain"),
        (kept().model_dump_json().replace("1500.0", "1e300").encode(), "elapsed"),
        (kept().model_dump_json().replace('"muted":true', '"muted":0').encode(), "muted"),
        (kept().model_dump_json().replace('"muted":true,', "").encode(), "said"),
    ],
)
def test_why_it_counts_for_nothing(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(data, "/lessons/week3.yaml")


@pytest.mark.parametrize(("later", "passed"), [(90, 90.0), (0, 0.0), (-30, 0.0), (-90, None)])
def test_how_long_ago_that_was_by_a_clock_that_may_be_set(later: float, passed: float | None) -> None:
    assert kept().interrupted_for(SAVED + timedelta(seconds=later)) == passed


def test_when_it_began() -> None:
    assert kept().began == datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "states"),
    [
        ("abcd", ["done", "passed", "done", "coming"]),
        ("acd", ["done", "done", "coming"]),
        ("xabcdy", ["passed", "done", "passed", "done", "coming", "coming"]),
        ("dab", ["passed", "done", "passed"]),
        ("", []),
        ("xy", ["coming", "coming"]),
    ],
)
def test_what_was_done_stays_done_in_a_list_that_was_changed(now: str, states: list[str]) -> None:
    cues = [CueProgress(mark=mark, state=state) for mark, state in zip("abc", ("done", "passed", "done"), strict=True)]  # type: ignore[arg-type]
    lesson = kept(cues=RunOfShowProgress(held=False, cues=(*cues, CueProgress(mark="d", state="coming"))))
    assert [cue.state for cue in lesson.progress(list(now))] == states
