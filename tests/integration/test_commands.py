"""The command line as a process: what it prints where, how it ends, and that nobody ever sees a traceback."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path

import aiohttp
import pytest

from classroom.cli.page_types import page_types
from classroom.lesson import schema_text
from tests.support.free_port import free_port
from tests.support.machine import Machine
from tests.support.process import classroom, teaching

HIDDEN = {"DISPLAY": None, "WAYLAND_DISPLAY": None, "XDG_SESSION_TYPE": None}

TEN_FAULTS = """\
lesson: {titel: "x", language: fr}
server: {port: 99999}
access: {max_students: none}
sources:
  cam: {kind: camera, widht: 3}
  bad: {kind: hologram}
scenes:
  one: cam
  two: {layout: picture-in-picture, show: [cam, nobody]}
  two: cam
program: {fps: 500, start: nowhere}
"""


def no_traceback(*texts: str) -> None:
    for text in texts:
        assert "Traceback" not in text


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    file = tmp_path / "lesson.yaml"
    file.write_text("sources: {bars: {kind: pattern}}\nscenes: {talk: bars}\nrecording: {start: never}\n", "utf-8")
    return file


async def test_teach_without_a_file_runs_anywhere_and_prints_both_addresses(machine: Machine) -> None:
    began = time.monotonic()
    async with teaching("--port", "0", env=HIDDEN) as running:
        took = time.monotonic() - began
        students = next(line for line in running.lines if line.startswith("Students:")).split()[1]
        assert students.startswith("http://127.0.0.1:")
        assert "#token=" in running.teacher
        async with aiohttp.ClientSession() as session, session.get(f"{running.base}/healthz") as reply:
            assert (await reply.json())["status"] == "ok"
        result = await classroom("remote", running.base, "hello", env={"CLASSROOM_TOKEN": running.token})
        assert result.code == 0
        state = json.loads(result.out)["state"]
        assert state["program"]["scene"] == "title"
        assert await running.interrupt() == 0
    assert "Open the teacher's address in your browser, and give the students theirs." in running.log
    assert "No screen was found, so a card replaces it." in running.log
    # The promise is 3 s; the first start after an installation, which compiles everything, gets some more here.
    assert took < machine.allows(10)


async def test_sigterm_ends_well(lesson: Path) -> None:
    async with teaching(str(lesson), "--port", "0") as running:
        running.process.send_signal(signal.SIGTERM)
        assert await running.process.wait() == 0


async def test_a_port_in_use_is_one_sentence_and_exit_3(lesson: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = await classroom("teach", str(lesson), "--host", "127.0.0.1", "--port", str(port))
    assert ended.code == 3
    assert str(port) in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    no_traceback(ended.out, ended.err)


async def test_ten_faults_are_all_shown_with_their_places(tmp_path: Path) -> None:
    file = tmp_path / "faulty.yaml"
    file.write_text(TEN_FAULTS, "utf-8")
    for command in (("check", str(file)), ("teach", str(file))):
        ended = await classroom(*command)
        assert ended.code == 2
        shown = ended.out if command[0] == "check" else ended.err
        lines = [line for line in shown.splitlines() if line.startswith(str(file)) and " fault" not in line]
        assert len(lines) >= 10
        places = {line.removeprefix(f"{file}:").split(": ")[0] for line in lines}
        for place in ("1:10", "1:32", "2:16", "3:24", "5:23", "6:15", "9:49", "10:3", "11:16", "11:28"):
            assert place in places, (place, lines)
        assert "did you mean 'title'?" in shown
        no_traceback(ended.out, ended.err)


@pytest.mark.parametrize("command", ["check", "teach"])
async def test_a_missing_lesson_is_one_sentence_and_exit_2(command: str, tmp_path: Path) -> None:
    ended = await classroom(command, str(tmp_path / "nothing.yaml"))
    assert ended.code == 2
    assert "nothing.yaml" in ended.out + ended.err
    no_traceback(ended.out, ended.err)


async def test_check_of_a_good_lesson_is_quiet(lesson: Path) -> None:
    ended = await classroom("check", str(lesson))
    assert (ended.code, ended.out) == (0, "")


async def test_a_missing_camera_and_a_missing_display_each_say_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(
        "sources: {cam: {kind: camera, device: 'No Such Camera'}, screen: {kind: screen}, bars: {kind: pattern}}\n"
        "scenes: {one: cam, two: screen, three: bars}\n",
        "utf-8",
    )
    ended = await classroom("teach", str(file), "--check", "--port", "0", env=HIDDEN)
    assert ended.code == 1
    lines = {line.split()[1]: line for line in ended.out.splitlines()}
    assert "(camera): failed. " in lines["cam"]
    assert "No Such Camera" in lines["cam"]
    assert "(screen): failed. " in lines["screen"]
    assert ": live" in lines["bars"]
    assert "No Such Camera" not in ended.err
    no_traceback(ended.out, ended.err)
    # The lesson itself runs all the same.
    async with teaching(str(file), "--port", "0", env=HIDDEN) as running:
        result = await classroom("remote", running.base, "hello", env={"CLASSROOM_TOKEN": running.token})
        sources = json.loads(result.out)["state"]["sources"]
        assert {name: source["state"] for name, source in sources.items()} == {
            "cam": "failed", "screen": "failed", "bars": "live",
        }  # fmt: skip


async def test_a_browser_that_nobody_sends_yet_is_no_fault_of_a_lesson(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(
        "sources: {laptop: {kind: browser}, bars: {kind: pattern}}\n"
        "audio: {voice: {source: laptop}}\n"
        "scenes: {one: laptop, two: bars}\n",
        "utf-8",
    )
    ended = await classroom("teach", str(file), "--check", "--port", "0", env=HIDDEN)
    lines = {line.split()[1]: line for line in ended.out.splitlines()}
    assert lines["laptop"] == "source laptop (browser): waits for a browser to send it"
    assert lines["voice"] == "audio voice (browser): waits for a browser to send it"
    assert ": live" in lines["bars"]
    assert ended.code == 0
    assert "laptop" not in ended.err


async def test_remote_switches_and_reports_errors(lesson: Path) -> None:
    async with teaching(str(lesson), "--port", "0") as running:
        env = {"CLASSROOM_TOKEN": running.token}
        good = await classroom("remote", running.base, "program.switch", "scene=talk", env=env)
        assert good.code == 0
        assert "revision" in json.loads(good.out)
        unknown = await classroom("remote", running.base, "program.switch", "scene=nowhere", env=env)
        assert unknown.code == 1
        assert unknown.out == ""
        assert "nowhere" in unknown.err
        wrong = await classroom("remote", running.base, "methods", "--token", "guess", env=env)
        assert wrong.code == 1
        assert "token" in wrong.err
        malformed = await classroom("remote", running.base, "methods", "what", env=env)
        assert malformed.code == 2
        no_traceback(good.err, unknown.err, wrong.err, malformed.err)
    gone = await classroom("remote", running.base, "methods", env=env)
    assert gone.code == 3
    no_traceback(gone.err)


async def test_the_token_is_in_no_log(lesson: Path) -> None:
    ended = await classroom("teach", str(lesson), "--check", "--debug", "--token", "a-very-secret-token", "--port", "0")
    assert ended.code == 0
    assert "a-very-secret-token" not in ended.out + ended.err


async def test_schema_and_devices() -> None:
    schema = await classroom("schema")
    assert (schema.code, schema.out) == (0, schema_text())
    pages = await classroom("schema", "--pages")
    assert (pages.code, pages.out) == (0, page_types())
    devices = await classroom("devices", env=HIDDEN)
    assert devices.code == 0
    assert "Cameras" in devices.out
    no_traceback(devices.err)


async def test_a_signaling_server_is_looked_for_by_check_and_named_by_teach(lesson: Path) -> None:
    server = f"http://127.0.0.1:{free_port()}"
    checked = await classroom("teach", str(lesson), "--check", "--signaling", server)
    assert (checked.code, checked.out) == (3, "")
    assert checked.err == f"classroom: The signaling server {server} cannot be reached: nothing listens there.\n"
    # A lesson begins without it: the server may come later, and its students are told where to go.
    async with teaching(str(lesson), "--port", "0", "--signaling", server) as running:
        async with aiohttp.ClientSession() as session, session.get(f"{running.base}/") as page:
            assert f'<meta name="classroom-signaling" content="{server}"' in await page.text()
            assert f"connect-src 'self' {server};" in page.headers["Content-Security-Policy"]
    for wrong in ("localhost:8888", "http://host/path", "embedded"):
        ended = await classroom("teach", str(lesson), "--signaling", wrong)
        assert ended.code == 2
        assert "a signaling server is an address such as http://host:8888" in ended.err
