"""docs/control.md is true: its examples are replayed against a real lesson, its tables compared with the code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from classroom.broadcaster import COMMANDS, Broadcaster
from classroom.control.json_rpc import SUBPROTOCOL
from tests.support.broadcast import TOKEN, broadcasting

DOCUMENT = (Path(__file__).parents[2] / "docs" / "control.md").read_text(encoding="utf-8")
[LESSON] = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
EXAMPLES = [
    block.splitlines()
    for block in re.findall(r"(?:^    .*\n)+", DOCUMENT, re.MULTILINE)
    if re.match(r"    (->|<-|\()", block)
]
ANYTHING = "…"


def pattern(text: str) -> Any:
    """An example as a value; ``…`` stands for any value, and as the last of an object or list for any more of them."""
    text = re.sub(r"([{,]) ?…}", r'\1 "…": "…"}', text)
    text = re.sub(r'(?<!")…(?=[,}\]])', '"…"', text)
    return json.loads(text)


def difference(expected: Any, got: Any, where: str = "") -> str | None:
    """Where a value is not what the example says, or None."""
    match expected:
        case str() if expected == ANYTHING:
            return None
        case str() if ANYTHING in expected:
            parts = map(re.escape, expected.split(ANYTHING))
            right = isinstance(got, str) and re.fullmatch(".*".join(parts), got, re.DOTALL)
            return None if right else f"{where}: {got!r}"
        case dict() if isinstance(got, dict):
            named = {key: value for key, value in expected.items() if key != ANYTHING}
            more = expected.get(ANYTHING)
            if more not in (None, ANYTHING):  # {"…": value}: a value under a key that varies
                return None if any(difference(more, each) is None for each in got.values()) else f"{where}: {got}"
            if more is None and set(named) != set(got):
                return f"{where}: the keys {sorted(got)}"
            missing = [key for key in named if key not in got]
            if missing:
                return f"{where}: no {missing}"
            found = (difference(value, got[key], f"{where}.{key}") for key, value in named.items())
            return next(filter(None, found), None)
        case list() if isinstance(got, list):
            more = bool(expected) and expected[-1] == ANYTHING
            items = expected[:-1] if more else expected
            if len(got) < len(items) or (len(got) > len(items) and not more):
                return f"{where}: {len(got)} items"
            pairs = enumerate(zip(items, got, strict=False))
            return next(filter(None, (difference(*pair, f"{where}[{number}]") for number, pair in pairs)), None)
        case _:
            same = expected == got and isinstance(expected, bool) == isinstance(got, bool)
            return None if same else f"{where}: {got!r}"


class Replay:
    """Runs the lines of the examples in order."""

    def __init__(self, lesson: Broadcaster, end_lesson: contextlib.AsyncExitStack) -> None:
        self.lesson = lesson
        self.end_lesson = end_lesson
        self.connections = contextlib.AsyncExitStack()
        self.connection: ClientConnection
        self.replayed = 0

    async def line(self, line: str) -> None:
        sign, _, text = line.strip().partition(" ")
        if sign == "->":
            await self.send(text)
        elif text.startswith("closed with "):
            await self.closed(int(text.removeprefix("closed with ")))
        elif sign == "<-":
            await self.expect(pattern(text))
        else:
            await self.join(re.fullmatch(r"\((\w+) joins\)", line.strip())[1])  # type: ignore[index]
        self.replayed += 1

    async def send(self, text: str) -> None:
        if '"method": "hello"' in text:
            address = f"ws://127.0.0.1:{self.lesson.port}/control"
            self.connection = await self.connections.enter_async_context(
                connect(address, subprotocols=[Subprotocol(SUBPROTOCOL)])
            )
        await self.connection.send(text.replace('"token": "…"', f'"token": "{TOKEN}"'))

    async def expect(self, wanted: Any) -> None:
        """Read up to what the example shows: a reply must be the very next one, news may come between."""
        seen: list[object] = []
        try:
            async with asyncio.timeout(10):
                while True:
                    got = json.loads(await self.connection.recv())
                    wrong = difference(wanted, got)
                    if wrong is None:
                        return
                    assert "method" in got, f"{wrong}, but the document says {wanted}"
                    seen.append(f"{wrong[:200]} in {str(got)[:200]}")
        except TimeoutError:
            pytest.fail(f"{wanted} did not come, but {seen[-5:]}")

    async def closed(self, code: int) -> None:
        if code == 1001:
            await asyncio.wait_for(self.lesson.stopped(), 10)
            await self.end_lesson.aclose()
        await asyncio.wait_for(self.connection.wait_closed(), 15)
        assert self.connection.close_code == code

    async def join(self, name: str) -> None:
        """Do what the student page does first."""
        base = f"http://127.0.0.1:{self.lesson.port}"
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{base}/sign_in?{name}") as reply:
                (_, me, _), (_, broadcaster, _) = (each.split(",") for each in (await reply.text()).splitlines())
            hello = json.dumps({"type": "hello", "app": "classroom", "version": 1, "language": "en"})
            async with http.post(f"{base}/message?peer_id={me}&to={broadcaster}", data=hello) as reply:
                assert reply.status == 200


async def test_every_example_is_true() -> None:
    async with contextlib.AsyncExitStack() as running:
        lesson = await running.enter_async_context(broadcasting(LESSON))
        replay = Replay(lesson, running)
        async with replay.connections:
            for example in EXAMPLES:
                for line in example:
                    await replay.line(line)
    assert replay.replayed == sum(map(len, EXAMPLES)) > 35


@pytest.mark.parametrize(
    ("example", "got"),
    [
        ('{"a": 1}', {"a": 2}),
        ('{"a": 1}', {"a": 1, "b": 2}),
        ('{"a": 1, …}', {"b": 1}),
        ('{"…": {"a": 1}}', {"x": {"a": 2}}),
        ('["a", …]', ["b", "c"]),
        ('["a"]', ["a", "b"]),
        ('"/9j/…"', "iVBOR"),
        ("false", 0),
    ],
)
def test_an_untrue_example_would_be_noticed(example: str, got: object) -> None:
    assert difference(pattern(example), got) is not None


def rows(head: str) -> list[list[str]]:
    """The cells of the table with this head."""
    after = DOCUMENT.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in after]


def test_the_table_of_methods_is_the_commands() -> None:
    told = [(name, parameters, text) for name, parameters, text in rows("method | parameters | does")]
    assert told == [
        (
            f"`{command.name}`",
            ", ".join(f"`{each['name']}`{'' if each['required'] else '?'}" for each in command.parameters()) or "–",
            " ".join(command.help.split()),
        )
        for command in COMMANDS.values()
    ]


async def test_the_table_of_the_state_is_the_state() -> None:
    async with broadcasting(LESSON) as lesson:
        assert sorted(row[0] for row in rows("section | holds")) == sorted(f"`{name}`" for name in lesson.state())
