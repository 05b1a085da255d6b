"""The connections of a session are named, bounded and ended with it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.control.calls import Calls, Role, Tell


class Line:
    """A connection that writes down what happens to it."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.taken: list[Mapping[str, object]] = []
        self.closed = False

    def take(self, message: Mapping[str, object]) -> None:
        self.taken.append(message)

    async def close(self) -> None:
        self.closed = True


class Desk:
    """Begins lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.told: list[Mapping[str, object]] = []
        self.calls = Calls(begin=self.begin, notify=self.told.append)

    def begin(self, role: Role, source: str | None, sdp: str | None, tell: Tell) -> Line:
        if role == "publish":
            raise CommandError.not_possible(Wording("peer.not_here", "Not here.")())
        self.lines.append(Line(tell))
        return self.lines[-1]


async def test_what_is_said_reaches_the_right_connection_and_the_right_name() -> None:
    desk = Desk()
    assert [desk.calls.begin("monitor", None, None) for _ in range(2)] == ["1", "2"]
    desk.calls.take("2", {"type": "answer"})
    desk.lines[1].tell({"type": "offer", "sdp": "x"})
    assert (desk.lines[0].taken, desk.lines[1].taken) == ([], [{"type": "answer"}])
    assert desk.told == [{"peer": "2", "type": "offer", "sdp": "x"}]
    await desk.calls.close()
    assert all(line.closed for line in desk.lines)


async def test_an_ended_connection_is_unknown_and_its_place_is_free() -> None:
    desk = Desk()
    for _ in range(4):
        desk.calls.begin("monitor", None, None)
    with pytest.raises(CommandError, match="at most 4"):
        desk.calls.begin("monitor", None, None)
    desk.calls.end("1")
    with pytest.raises(CommandError, match="no peer '1'") as unknown:
        desk.calls.take("1", {})
    assert unknown.value.data == {"known": ["2", "3", "4"]}
    assert desk.calls.begin("monitor", None, None) == "5"
    await desk.calls.close()
    assert all(line.closed for line in desk.lines)


async def test_what_is_refused_takes_no_place() -> None:
    desk = Desk()
    for _ in range(9):
        with pytest.raises(CommandError, match="Not here"):
            desk.calls.begin("publish", "laptop", "v=0")
    assert desk.calls.begin("monitor", None, None)
    await desk.calls.close()
