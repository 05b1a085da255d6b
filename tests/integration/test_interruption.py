"""A lesson that is interrupted and started again, as a teacher does it: the command, its terminal, the socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from classroom.lesson.progress_file import ProgressFile
from classroom.server.site import CONTROL_SUBPROTOCOL
from tests.support.broadcast import eventually
from tests.support.clips import pdf
from tests.support.process import Running, teaching

LESSON = """
sources:
  title: {kind: card, title: "Soon"}
  bars: {kind: pattern, size: 160x90, fps: 5}
  red: {kind: pattern, size: 160x90, fps: 5}
  slides: {kind: slides, file: week3.pdf}
audio:
  clap: {source: bars, gain: -6}
  tone: {kind: tone}
scenes:
  title: title
  talk: bars
  both: {layout: side-by-side, show: [bars, red]}
  deck: slides
cues:
  - {title: First, scene: talk}
  - {title: Second, scene: deck}
  - {title: Third, scene: both}
program: {size: 160x90, fps: 5}
"""


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    pdf(tmp_path / "week3.pdf", pages=5)
    file = tmp_path / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    return file


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str | None]:
    return {"CLASSROOM_HOME": str(tmp_path / "home"), "DISPLAY": None}


def kept(home: dict[str, str | None], file: Path | None) -> Path:
    return ProgressFile.of(Path(home["CLASSROOM_HOME"] or ""), file).path


def is_kept(home: dict[str, str | None], file: Path) -> bool:
    return kept(home, file).exists()


def spoil(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


async def ask(running: Running, *requests: tuple[str, dict[str, object]]) -> dict[str, Any]:
    """Give commands one after the other; the whole state after them."""
    address = running.base.replace("http", "ws") + "/control"
    async with connect(address, subprotocols=[CONTROL_SUBPROTOCOL]) as connection:
        for number, (method, params) in enumerate([("hello", {"token": running.token}), *requests]):
            await connection.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
            while (reply := json.loads(await connection.recv())).get("id") != number:
                pass
            assert "result" in reply, (method, reply)
    if requests:
        return await ask(running)
    state: dict[str, Any] = reply["result"]["state"]
    return state


async def in_the_middle(running: Running) -> dict[str, Any]:
    """Bring a lesson into its middle."""

    async def open_slides() -> bool:
        return bool((await ask(running))["sources"]["slides"].get("pages"))

    await eventually(open_slides)
    return await ask(
        running,
        ("cue.next", {}),
        ("cue.next", {}),
        ("slides.goto", {"source": "slides", "page": 4}),
        ("program.switch", {"scene": "both"}),
        ("preview.set", {"scene": "talk"}),
        ("audio.set", {"input": "tone", "muted": True, "gain": -9}),
    )


def standing(state: dict[str, Any]) -> dict[str, Any]:
    """What is to come back."""
    audio = {
        name: {key: each[key] for key in ("gain", "muted", "delay", "heard")} for name, each in state["audio"].items()
    }
    cues = [state["cues"]["mode"], state["cues"]["next"], [each["state"] for each in state["cues"]["list"]]]
    return {
        "scene": state["program"]["scene"],
        "preview": state["preview"],
        "page": state["sources"]["slides"]["page"],
        "audio": audio,
        "cues": cues,
    }


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
async def test_an_interrupted_lesson_comes_back_where_it_was(
    lesson: Path, home: dict[str, str | None], how: str
) -> None:
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        before = await in_the_middle(running)
        assert standing(before)["page"] == 4
        if how == "SIGKILL":
            file = kept(home, lesson)
            await eventually(lambda: file.is_file() and json.loads(file.read_bytes())["audio"]["tone"]["set"]["muted"])
        running.process.send_signal(signal.Signals[how])
        await asyncio.wait_for(running.process.wait(), 30)
    assert stat.S_IMODE(kept(home, lesson).stat().st_mode) == 0o600
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        after = await ask(running)
        assert standing(after) == standing(before)
        assert after["lesson"]["elapsed"] >= before["lesson"]["elapsed"]
        assert abs(_seconds(after) - _seconds(before)) <= 2
        await eventually(lambda: any("Continuing the lesson of" in line for line in running.log))
        assert any("start with --fresh" in line for line in running.log)


def _seconds(state: dict[str, Any]) -> float:
    return datetime.fromisoformat(state["lesson"]["started"]).timestamp()


async def test_fresh_begins_anew_and_can_be_taken_back_before_anything_was_changed(
    lesson: Path, home: dict[str, str | None]
) -> None:
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        before = await in_the_middle(running)
        assert await running.interrupt() == 0
    async with teaching(str(lesson), "--port", "0", "--fresh", env=home) as running:
        state = await ask(running)
        assert (state["program"]["scene"], state["audio"]["tone"]["muted"]) == ("title", False)
        await eventually(lambda: any("is not continued" in line for line in running.log))
        assert await running.interrupt() == 0
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        assert standing(await ask(running)) == standing(before)
        assert await running.interrupt() == 0
    async with teaching(str(lesson), "--port", "0", "--fresh", env=home) as running:
        await ask(running, ("program.switch", {"scene": "talk"}))
        assert await running.interrupt() == 0
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        assert (await ask(running))["program"]["scene"] == "talk"


async def test_the_interrupted_lesson_outlives_one_begun_anew_that_crashes_before_anything_was_changed(
    lesson: Path, home: dict[str, str | None]
) -> None:
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        before = await in_the_middle(running)
        assert await running.interrupt() == 0
    for _ in range(2):
        async with teaching(str(lesson), "--port", "0", "--fresh", env=home) as running:
            assert (await ask(running))["program"]["scene"] == "title"
            await eventually(lambda: any("is not continued" in line for line in running.log))
            await asyncio.sleep(1.5)  # in which a lesson that goes on would have been written
            running.process.kill()
            await asyncio.wait_for(running.process.wait(), 30)
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        assert standing(await ask(running)) == standing(before)
        await eventually(lambda: any("Continuing the lesson of" in line for line in running.log))


async def test_a_lesson_that_was_ended_and_one_that_keeps_nothing_begin_anew(
    lesson: Path, home: dict[str, str | None]
) -> None:
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        await in_the_middle(running)
        await eventually(kept(home, lesson).is_file)
        with contextlib.suppress(ConnectionClosed, OSError):  # it ends before it is asked again
            await ask(running, ("lesson.end", {}))
        assert await asyncio.wait_for(running.process.wait(), 30) == 0
    assert not is_kept(home, lesson)
    spoil(lesson, f"{LESSON}recording: {{resume: 0}}\n".encode())
    for _ in range(2):
        async with teaching(str(lesson), "--port", "0", env=home) as running:
            assert (await ask(running))["program"]["scene"] == "title"
            await ask(running, ("program.switch", {"scene": "talk"}))
            assert await running.interrupt() == 0
    assert not is_kept(home, lesson)


async def test_what_is_of_no_use_is_left_out_with_one_line(lesson: Path, home: dict[str, str | None]) -> None:
    file = kept(home, lesson)
    for data in (b"{", b"\xff" * 100, b"[" * 100_000, b" " * 3_000_000, b'{"version": 2}'):
        spoil(file, data)
        async with teaching(str(lesson), "--port", "0", env=home) as running:
            assert (await ask(running))["program"]["scene"] == "title"
            await eventually(lambda: sum("cannot be used" in line for line in running.log) == 1)
            assert not any("Traceback" in line for line in running.log)


async def test_where_nothing_can_be_kept_the_lesson_goes_on_with_one_line(
    lesson: Path, home: dict[str, str | None], tmp_path: Path
) -> None:
    spoil(tmp_path / "home", b"in the way")
    async with teaching(str(lesson), "--port", "0", env=home) as running:
        await ask(running, ("program.switch", {"scene": "talk"}))
        await eventually(lambda: sum("cannot be saved" in line for line in running.log) == 1)
        assert await running.interrupt() == 0


async def test_the_same_lesson_twice_at_a_time_does_not_go_on_with_itself(
    lesson: Path, home: dict[str, str | None]
) -> None:
    async with teaching(str(lesson), "--port", "0", env=home) as first:
        await ask(first, ("program.switch", {"scene": "talk"}))
        await eventually(kept(home, lesson).is_file)
        async with teaching(str(lesson), "--port", "0", env=home) as second:
            assert (await ask(second))["program"]["scene"] == "title"
            await eventually(lambda: any("already running" in line for line in second.log))


async def test_the_built_in_lesson_goes_on_too(home: dict[str, str | None]) -> None:
    async with teaching("--port", "0", env=home) as running:
        await ask(running, ("program.switch", {"scene": "away"}))
        assert await running.interrupt() == 0
    async with teaching("--port", "0", env=home) as running:
        assert (await ask(running))["program"]["scene"] == "away"
    assert os.listdir(kept(home, None).parent)
