"""The teacher's token and the passcode are in nothing that a lesson prints, however much it is asked to tell."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import aiohttp

from tests.support.broadcast import eventually
from tests.support.pdf_files import text_pdf
from tests.support.port import RawConnection
from tests.support.process import classroom, teaching

TOKEN = "a-very-secret-token"
PASSCODE = "a-very-secret-passcode"
GUESS = "a-guess-of-somebody"

LESSON = f"""
sources: {{bars: {{kind: pattern, size: 320x180, fps: 5}}}}
scenes: {{bars: bars}}
access: {{passcode: {PASSCODE}}}
recording: {{start: never}}
"""


async def ask(port: int, request: bytes) -> None:
    """Send whatever and wait for the end."""
    connection = await RawConnection.open(port, request)
    try:
        with contextlib.suppress(TimeoutError, ConnectionError):
            await connection.read_all(12.0)
    finally:
        connection.close()


async def test_no_log_has_the_token_or_the_passcode(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "classroom.cli.main", "teach", str(file), "--debug", "--host", "127.0.0.1", "--port", "0",
        env={**os.environ, "CLASSROOM_TOKEN": TOKEN, "PYTHONASYNCIODEBUG": "1", "COLUMNS": "4000"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    log = asyncio.create_task(process.stderr.read())
    try:
        async with asyncio.timeout(90):
            while not (line := await process.stdout.readline()).startswith(b"Teacher:"):
                assert line
        teacher = line.decode().split()[1]
        assert teacher.endswith(f"#token={TOKEN}")  # the one place where it must be, in the fragment
        base = teacher.partition("/teach")[0]
        port = int(base.rsplit(":", 1)[1])
        right = await classroom("remote", base, "methods", "--debug", env={"CLASSROOM_TOKEN": TOKEN})
        wrong = await classroom("remote", base, "methods", "--debug", env={"CLASSROOM_TOKEN": GUESS})
        assert (right.code, wrong.code) == (0, 1)
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{base}/sign_in?Ada&pass={PASSCODE}") as reply:
                assert reply.status == 200
            async with http.get(f"{base}/sign_in?Eve&pass={GUESS}") as reply:
                assert reply.status == 403
            for token in (TOKEN, GUESS):
                headers = {"Authorization": f"Bearer {token}", "Via": "1.1 proxy"}
                async with http.get(f"{base}/metrics", headers=headers) as reply:
                    assert reply.status == (200 if token == TOKEN else 403)
        # What no parser takes, with the secrets in it.
        target = f"/sign_in?Ada&pass={PASSCODE}"
        for request in (
            f"GET {target} HTTP/7.x\r\n\r\n",
            f"GARBAGE\x01 {target} HTTP/1.1\r\n\r\n",
            f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {TOKEN}\r\n\r\n",
            f"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\x00\r\n\r\n",
            f"POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{PASSCODE}\r\n",
            f"GET /control?token={TOKEN} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
            f"GET /nothing/{PASSCODE}?token={TOKEN} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        ):
            await ask(port, request.encode())
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    rest = await process.stdout.read()
    printed = (await log + rest).decode()
    assert "wrong passcode from 127.0.0.1" in printed
    for secret in (TOKEN, PASSCODE, GUESS):
        assert secret not in printed, printed[max(0, printed.index(secret) - 300) :][:600]
        assert secret not in right.err + wrong.err + right.out + wrong.out


async def test_a_quiet_lesson_prints_no_token() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "classroom.cli.main", "teach", "config/demo.yaml", "--quiet",
        "--host", "127.0.0.1", "--port", "0",
        env={**os.environ, "CLASSROOM_TOKEN": TOKEN},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    printed = b""
    try:
        async with asyncio.timeout(90):
            while not printed.endswith(b"Ctrl-C stops the lesson.\n"):
                line = await process.stdout.readline()
                assert line, printed
                printed += line
        process.send_signal(signal.SIGINT)
        printed += await asyncio.wait_for(process.stdout.read(), 60)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    teacher = next(line for line in printed.splitlines() if line.startswith(b"Teacher:"))
    assert teacher.endswith(b"/teach")
    assert TOKEN.encode() not in printed
    assert b"#token" not in printed


STREAMS = """
sources:
  bars: {kind: pattern, size: 160x90, fps: 5}
  port: {kind: stream, url: "rtsp://admin:12/34KENNWORT@127.0.0.1:9/live"}
  key: {kind: stream, url: "http://ada:KENNWORT@127.0.0.1:9/live.m3u8?token=KENNWORT"}
  path: {kind: stream, url: "rtsp://127.0.0.1:9/user=admin_password=KENNWORT_channel=1.sdp"}
  coded: {kind: stream, url: "rtsp://admin:KENN%2FWORT@127.0.0.1:9/live"}
  wrong: {kind: camera, device: "rtsp://admin:KENNWORT@127.0.0.1:9/live"}
  exam: {kind: slides, file: exam.pdf, password: KENNWORT}
scenes: {bars: bars}
recording: {start: never}
"""


async def test_no_sentence_state_or_log_has_the_password_of_a_camera_or_of_slides(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(STREAMS, "utf-8")
    text_pdf(tmp_path / "exam.pdf", (400, 300), password="another")
    async with teaching(str(file), "--debug", "--port", "0", env={"COLUMNS": "4000"}) as running:
        env = {"CLASSROOM_TOKEN": running.token}

        async def told() -> bool:
            state = await classroom("remote", running.base, "hello", env=env)
            assert "KENN" not in state.out
            sources = json.loads(state.out)["state"]["sources"]
            return all(each["why"] for name, each in sources.items() if name != "bars")

        await eventually(told, within=90)
        assert await running.interrupt() == 0
    printed = "\n".join(running.log)
    assert "does not answer" in printed
    assert "The password of the slides" in printed
    assert [line.strip() for line in running.log if "KENN" in line] == []
