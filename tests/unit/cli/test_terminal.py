"""What is written in the background: whole lines, in their order, and what is flushed before a line ends."""

from __future__ import annotations

import io
import sys

import pytest

from classroom.cli.terminal import Terminal


class Pieces(io.RawIOBase):
    """Keeps each piece as it was written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        self.written.append(bytes(data))  # type: ignore[call-overload]
        return len(self.written[-1])


@pytest.fixture
def pieces() -> Pieces:
    return Pieces()


@pytest.fixture
def terminal(pieces: Pieces) -> Terminal:
    return Terminal(sys.stdout, pieces, background=True)


def test_nothing_of_another_stream_can_come_into_a_line(terminal: Terminal, pieces: Pieces) -> None:
    print("Teacher:", "http://127.0.0.1/teach", file=terminal)
    print("one\ntwo", file=terminal, flush=True)
    terminal.finish()
    assert [piece.decode().splitlines() for piece in pieces.written] == [
        ["Teacher: http://127.0.0.1/teach"],
        ["one"],
        ["two"],
    ]


def test_a_question_is_shown_before_its_line_ends(terminal: Terminal, pieces: Pieces) -> None:
    print("Sure? ", end="", file=terminal, flush=True)
    print("yes", end="", file=terminal)
    terminal.finish()
    assert b"".join(pieces.written) == b"Sure? yes"
    assert len(pieces.written) == 2


def test_a_line_without_an_end_is_not_kept_for_ever(terminal: Terminal, pieces: Pieces) -> None:
    for _ in range(40):
        terminal.write("x" * 10_000)
    assert len(terminal._line) <= 65_536
    terminal.finish()
    assert len(b"".join(pieces.written)) == 400_000
