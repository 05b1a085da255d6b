"""Replays the transcripts of docs/signaling.md against the real server."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from classroom.signaling import Message, Room
from tests.support.port import OpenPort, RawConnection, open_port, until

DOCUMENT = Path(__file__).parents[2] / "docs" / "signaling.md"
LINE = re.compile(r"    (\w+) (>|<|says|hears)(?: (.*))?")


class Replay:
    """Runs the lines of all transcripts in order; ``known`` holds what the placeholders stand for."""

    def __init__(self, opened: OpenPort) -> None:
        self.opened = opened
        self.known = {"lesson": str(opened.member.id)}
        self.connections: dict[str, RawConnection] = {}
        self.sent: dict[str, list[str]] = {}
        self.read: dict[str, list[str]] = {}
        self.lines = 0

    async def line(self, name: str, sign: str, text: str) -> None:
        self.lines += 1
        if sign == ">":
            self.sent.setdefault(name, []).append(text)
            return
        await self.flush()
        if sign == "<":
            self.read.setdefault(name, []).append(text)
        elif sign == "says":
            await self.opened.member.send(int(self.known["student"]), text + "\n")
        else:
            async with asyncio.timeout(10):
                async for event in self.opened.member.events():
                    if isinstance(event, Message):
                        assert event.body.decode() == text
                        break

    async def flush(self) -> None:
        """Send the requests that are complete; each waits until the server has it if it is going to hang."""
        for name, lines in self.sent.items():
            if name in self.connections:
                continue
            head, blank, body = "\n".join(lines).partition("\n\n") if "" in lines[:-1] else ("\n".join(lines), "", "")
            request = (head.rstrip("\n").replace("\n", "\r\n") + "\r\n\r\n").encode()
            request = self.fill(request.decode()).encode()
            hangs = b"/wait" in request and name in ("wait", "first", "second")
            before = self.opened.switchboard.waiting
            self.connections[name] = await RawConnection.open(
                self.opened.port, request, *([body.encode()] * bool(blank))
            )
            if hangs and name != "second":
                await until(lambda before=before: self.opened.switchboard.waiting == before + 1)  # type: ignore[misc]

    async def check(self) -> None:
        """Compare what the transcript says was read with what comes."""
        for name, expected in self.read.items():
            answer = (await self.connections[name].read_all()).decode()
            head, _, body = answer.partition("\r\n\r\n")
            end = expected.index("")
            position = 0
            lines = head.split("\r\n")
            for line in expected[:end]:
                pattern = self.pattern(line)
                found = next((n for n in range(position, len(lines)) if re.fullmatch(pattern, lines[n])), None)
                assert found is not None, f"{name}: no {line!r} in {lines[position:]}"
                self.note(line, lines[found])
                position = found + 1
            wanted = expected[end + 1 :]
            assert len(body.splitlines()) == len(wanted), f"{name}: {body!r}"
            for line, got in zip(wanted, body.splitlines(), strict=True):
                assert re.fullmatch(self.pattern(line), got), f"{name}: {line!r} is not {got!r}"
                self.note(line, got)
            self.connections[name].close()
        self.read.clear()
        self.sent.clear()

    def fill(self, line: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: self.known[match[1]], line)

    def pattern(self, line: str) -> str:
        parts = re.split(r"\{(\w+)\}", line)
        return "".join(
            re.escape(part)
            if n % 2 == 0
            else re.escape(self.known[part])
            if part in self.known
            else rf"(?P<{part}>\w+)"
            for n, part in enumerate(parts)
        )

    def note(self, line: str, got: str) -> None:
        match = re.fullmatch(self.pattern(line), got)
        assert match is not None
        self.known.update(match.groupdict())


def transcripts() -> tuple[list[str], list[str]]:
    """Those of a lesson, and those of the signaling alone."""
    lesson: list[str] = []
    alone: list[str] = []
    for section in re.split(r"^(?=## )", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE):
        blocks = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
        into = alone if section.startswith("## The signaling alone") else lesson
        into += [block for block in blocks if LINE.match(block)]
    return lesson, alone


async def run(replay: Replay, blocks: list[str]) -> None:
    for block in blocks:
        for line in block.splitlines():
            match = LINE.fullmatch(line)
            assert match is not None, f"not a transcript line: {line!r}"
            await replay.line(match[1], match[2], match[3] or "")
        await replay.flush()
        await replay.check()


async def test_every_transcript_of_the_signaling_alone_is_true() -> None:
    _, blocks = transcripts()
    assert len(blocks) == 1
    async with open_port(Room(visibility="all", ids="sequential"), everything_else=True) as opened:
        replay = Replay(opened)
        await run(replay, blocks)
        assert replay.lines > 20


async def test_every_transcript_is_true() -> None:
    blocks, _ = transcripts()
    assert len(blocks) == 8
    async with open_port() as opened:
        await opened.member.sign_in("Algebra")
        replay = Replay(opened)
        await run(replay, blocks)
        assert replay.lines > 60
        assert set(replay.known) >= {"student", "lesson", "length"}
