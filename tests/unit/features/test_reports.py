"""What the terminal, monitoring and the teacher's page learn of a running lesson."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from av import VideoFrame

from classroom.common.clock import LessonTime, ManualClock
from classroom.features.base import ProgramChain
from classroom.features.reports import ReportsFeature, SourceLine
from classroom.media.frames import Picture
from classroom.media.level import Level
from classroom.media.supervisor import SourceStatus
from tests.support.entries import latency, shows, student_entry
from tests.support.lessons import lesson_of

LESSON = """\
sources: {camera: {kind: camera}, phone: {kind: browser}}
audio: {mic: {kind: microphone}, room: {kind: microphone}, player: {kind: computer}, tone: {kind: tone}}
scenes: {talk: camera}
"""


STUDENTS = {
    "1": student_entry(latency=latency(0.08, sound=0.12), shows=shows()),
    "2": student_entry(shows=shows(sound="blocked")),
}


def reports(**of: Any) -> ReportsFeature:
    """The reports on a lesson of 90 seconds; ``of`` replaces parts of its pool or program."""
    inputs = {name: SimpleNamespace(muted=name == "room") for name in ("mic", "room", "player", "tone")}
    parts: dict[str, Any] = {
        "pictures": lambda: {"camera": SourceStatus("camera", "live"), "phone": SourceStatus("browser", "lost")},
        "sounds": dict,
        "live": lambda: frozenset({"camera"}),
        "inputs": inputs,
        "statistics": {"ticks": 2700, "missed": 3},
        "levels": lambda: {"mic": Level(-6.0, -12.0)},
        **of,
    }
    part, clock = SimpleNamespace(**parts), ManualClock(100.0)
    return ReportsFeature(
        lesson_of(LESSON),
        time=LessonTime(clock, 10.0, cast(Any, None)),
        chain=cast(ProgramChain, SimpleNamespace(pool=part, program=part)),
        opening=cast(Any, SimpleNamespace(held=frozenset({"player"}))),
        audience=cast(
            Any, SimpleNamespace(count=lambda: SimpleNamespace(present=30, watching=28), describe=lambda: STUDENTS)
        ),
        sessions=cast(Any, list),
        token="right",
    )


def test_each_input_that_may_hear_people_has_a_line() -> None:
    assert reports().microphone_lines() == [
        "microphone 'mic' is open",
        "microphone 'room' is muted",
        "computer 'player' is silent until you first change the scene, or open it on your page",
    ]


def test_each_source_has_a_line_that_says_whether_it_works() -> None:
    statuses = {
        "camera": SourceStatus("camera", "live", size=(1280, 720)),
        "screen": SourceStatus("screen", "failed", "The screen was not found."),
        "phone": SourceStatus("browser", "starting", awaited=True),
    }
    lines = reports(
        pictures=lambda: statuses, sounds=lambda: {"mic": SourceStatus("microphone", "live")}
    ).source_lines()
    assert lines == [
        SourceLine("source camera (camera) 1280x720: live", True),
        SourceLine("source screen (screen): failed. The screen was not found.", False),
        SourceLine("source phone (browser): waits for a browser to send it", True),
        SourceLine("audio mic (microphone): live", True),
    ]


def test_levels_are_peak_and_average_by_input() -> None:
    assert reports().levels() == {"mic": (-6.0, -12.0)}


async def test_a_thumbnail_is_a_small_jpeg_of_each_source() -> None:
    picture = Picture(VideoFrame.from_ndarray(np.zeros((1080, 1280), np.uint8), "yuv420p"), 0.0, 1)
    [small] = await reports(newest_pictures=lambda: {"camera": picture}).thumbnails()
    assert (small.source, small.jpeg[:2]) == ("camera", b"\xff\xd8")
    assert small.width < 400
    assert abs(small.width / small.height - 16 / 9) < 0.05


async def test_monitoring_gets_health_and_the_figures_of_the_lesson() -> None:
    app = web.Application()
    reports().routes(app)
    async with TestClient(TestServer(app)) as client:
        health = await (await client.get("/healthz")).json()
        metrics = await (await client.get("/metrics")).text()
    assert (health["status"], health["elapsed"]) == ("ok", 90.0)
    assert [line for line in metrics.splitlines() if not line.startswith("#")] == [
        "classroom_lesson_elapsed_seconds 90.0",
        'classroom_students{state="watching"} 28.0',
        'classroom_students{state="waiting"} 2.0',
        'classroom_students_sound{state="playing"} 1.0',
        'classroom_students_sound{state="blocked"} 1.0',
        'classroom_students_sound{state="off"} 0.0',
        'classroom_latency_seconds{media="picture",quantile="0.5"} 0.04',
        'classroom_latency_seconds{media="picture",quantile="0.95"} 0.08',
        'classroom_latency_seconds{media="sound",quantile="0.5"} 0.06',
        'classroom_latency_seconds{media="sound",quantile="0.95"} 0.12',
        "classroom_ticks_total 2700.0",
        "classroom_ticks_missed_total 3.0",
        'classroom_sources{state="live"} 1.0',
        'classroom_sources{state="other"} 1.0',
    ]
