"""``classroom remote``: names that look like numbers, the lesson's own https, and what it says when that fails."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from pathlib import Path

import pytest

from classroom.cli.main import main
from classroom.common.errors import AddressError, CommandError
from classroom.control.client import call
from tests.support.free_port import free_port
from tests.support.process import classroom, teaching

LESSON = """\
server: {{tls: auto, tls_port: {port}}}
sources: {{bars: {{kind: pattern}}}}
audio: {{voice: {{source: bars}}}}
scenes: {{talk: bars, "5": bars}}
recording: {{start: never}}
"""


TOKEN = "a+b c&d#e%41/ü"
"""What the fragment of an address can hold only in percent coding."""


async def test_names_numbers_and_certificates(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "lesson.yaml"
    file.write_text(LESSON.format(port=port), "utf-8")
    home = {"CLASSROOM_HOME": str(tmp_path / "home")}
    async with teaching(str(file), "--port", "0", "--token", TOKEN, env=home) as running:
        assert running.token == TOKEN, "the printed address cannot be read back"
        await call(running.base, running.token, "program.switch", {"scene": "5"})
        state = await call(running.base, running.token, "hello", {})
        assert state["state"]["program"]["scene"] == "5"
        with pytest.raises(CommandError, match="gain"):
            await call(running.base, running.token, "audio.set", {"input": "voice", "gain": "NaN"})

        secure = f"https://127.0.0.1:{port}"
        authority = tmp_path / "home" / "tls" / "authority.pem"
        await call(secure, running.token, "program.switch", {"scene": "talk"}, authority=authority)
        with pytest.raises(AddressError, match=r"is not trusted here\. Open the page /trust .* --authority"):
            await call(secure, running.token, "hello", {})
        with pytest.raises(AddressError, match="not the certificate of an authority"):
            await call(secure, running.token, "hello", {}, authority=file)

        # On this computer nothing needs to be named, and the printed address has the token in it.
        own = await classroom("remote", running.teacher.replace(running.base, secure), "methods", env=home)
        assert (own.code, own.err) == (0, "")
        assert '"peer.offer"' in own.out  # a program gets all of it

        read, written = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "classroom.cli.main", "remote", running.base, "methods",
            env={**os.environ, "CLASSROOM_TOKEN": running.token, "TERM": "dumb"}, stdout=written,
        )  # fmt: skip
        assert await process.wait() == 0
        os.close(written)
        shown = os.read(read, 65536).decode().splitlines()
        os.close(read)
    switch = next(line for line in shown if line.strip().startswith("program.switch"))
    assert switch.split()[1:4] == ["scene", "[transition]", "[duration]"]
    assert not any("peer." in line or "{" in line for line in shown)


def test_without_a_token_it_says_how_to_give_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CLASSROOM_TOKEN", raising=False)
    assert main(["remote", "http://127.0.0.1:1", "hello"]) == 2
    assert "no token was given. Set CLASSROOM_TOKEN, or use --token" in capsys.readouterr().err


def test_the_command_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "rehearse" in capsys.readouterr().err


async def test_the_demo_needs_no_file() -> None:
    both = await asyncio.to_thread(main, ["teach", "--demo", "lesson.yaml"])
    assert both == 2
    ended = await classroom("teach", "--demo", "--check", "--port", "0")
    assert ended.code == 0
    assert ended.out.count(": live") >= 3
