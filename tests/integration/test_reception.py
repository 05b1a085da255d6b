"""What a page learns of its time stamps, and what teachers and monitoring learn of what it measured."""

from __future__ import annotations

import json
from typing import Any, cast

import aiohttp

from classroom.broadcaster import Broadcaster
from tests.support.broadcast import broadcasting, eventually
from tests.support.student import Student, student

REPORT: dict[str, object] = {
    "type": "statistics",
    "latency": {"p50": 0.04, "p95": 0.06, "clock": 0.001, "sound": {"p50": 0.09, "p95": 0.11}},
    "shows": {"width": 640, "height": 360, "fps": 30, "freezes": 1, "sound": "blocked"},
}


async def time_lines(watching: Student) -> dict[str, Any]:
    """What the page of a student is told, once both picture and sound have begun."""
    while True:
        message = cast("dict[str, Any]", json.loads((await watching.client.next_message(30.0)).body))
        if message["type"] == "clock" and message["picture"] and message["sound"]:
            return message


def reported(lesson: Broadcaster) -> tuple[object, object]:
    ada = cast("dict[str, dict[str, object]]", lesson.state()["students"])["1"]
    return ada["latency"], ada["shows"]


async def test_what_a_page_measures_is_in_the_state_and_in_the_metrics() -> None:
    async with broadcasting() as lesson, student(lesson.port, name=b"Ada") as ada, aiohttp.ClientSession() as web:
        await ada.watch()
        await ada.say({"type": "hello", "app": "classroom", "version": 1})
        lines = await time_lines(ada)
        origin = f"http://127.0.0.1:{lesson.port}"
        now = float(await (await web.get(f"{origin}/clock")).text())
        for line, rate in ((lines["picture"], 90_000), (lines["sound"], 48_000)):
            assert f"a=ssrc:{line['ssrc']} " in ada.offers[-1]["sdp"]
            assert line["rate"] == rate
            assert 0 < now - line["at"] < 300  # since the first picture of the program, by the same clock
        await ada.say(REPORT)
        await eventually(lambda: reported(lesson) == (REPORT["latency"], REPORT["shows"]))
        metrics = await (await web.get(f"{origin}/metrics")).text()
        assert 'classroom_latency_seconds{media="picture",quantile="0.95"} 0.06' in metrics
        assert 'classroom_students_sound{state="blocked"} 1.0' in metrics
