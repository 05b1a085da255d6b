"""Candidates that a peer names: which reach its connection, and how many."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest
from aiortc import RTCIceCandidate, RTCPeerConnection

from classroom.webrtc.candidates import MOST_CANDIDATES
from classroom.webrtc.description import Candidate
from classroom.webrtc.remote_candidates import RemoteCandidates
from tests.support.port import until

END = Candidate("", "0", 0)


def candidate(number: int = 1) -> Candidate:
    return Candidate(f"candidate:{number} 1 udp 2122260223 192.0.2.{number} 50000 typ host", "0", 0)


class Connection:
    """As much of a connection as candidates reach."""

    def __init__(self, *, described: bool = True, fault: Exception | None = None) -> None:
        self.remoteDescription = "an answer" if described else None
        self.added: list[RTCIceCandidate] = []
        self.resolving = asyncio.Event()
        self.resolving.set()
        self._fault = fault

    async def addIceCandidate(self, candidate: RTCIceCandidate) -> None:
        await self.resolving.wait()
        if self._fault is not None:
            raise self._fault
        self.added.append(candidate)


def add(candidates: RemoteCandidates, connection: Connection | None, candidate: Candidate) -> None:
    candidates.add(cast(RTCPeerConnection, cast(Any, connection)), candidate)


async def test_a_candidate_reaches_the_connection_with_the_media_that_it_is_for() -> None:
    candidates, connection = RemoteCandidates("student 1"), Connection()
    add(candidates, connection, candidate(7))
    await until(lambda: len(connection.added) == 1)
    [added] = connection.added
    assert (added.ip, added.port, added.sdpMid, added.sdpMLineIndex) == ("192.0.2.7", 50000, "0", 0)


async def test_candidates_beyond_the_limit_are_ignored_until_a_new_connection_starts() -> None:
    candidates, connection = RemoteCandidates("student 1"), Connection()
    for number in range(1, MOST_CANDIDATES + 9):
        add(candidates, connection, candidate(number))
    await until(lambda: len(connection.added) == MOST_CANDIDATES)
    candidates.restart()
    add(candidates, connection, candidate(99))
    await until(lambda: len(connection.added) == MOST_CANDIDATES + 1)
    assert connection.added[-1].ip == "192.0.2.99"


async def test_nothing_is_added_before_the_answer_and_at_the_end_of_candidates() -> None:
    candidates, early, connection = RemoteCandidates("student 1"), Connection(described=False), Connection()
    add(candidates, None, candidate())
    add(candidates, early, candidate())
    add(candidates, connection, END)
    add(candidates, connection, candidate(2))
    await until(lambda: len(connection.added) == 1)
    assert early.added == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("nonsense", None),
        (candidate().line, OSError("no such host")),
        (candidate().line, ValueError("x" * 5000)),
        (candidate().line, TimeoutError()),
    ],
)
async def test_a_candidate_that_cannot_be_added_costs_only_a_short_line_of_the_log(
    line: str, fault: Exception | None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classroom.webrtc.remote_candidates.limited_log", logging.getLogger("candidates"))
    monkeypatch.setattr(logging.Logger, "warn", logging.Logger.warning, raising=False)
    candidates = RemoteCandidates("student 1")
    add(candidates, Connection(fault=fault), Candidate(line, "0", 0))
    await until(lambda: len(caplog.records) == 1)
    assert caplog.messages[0].startswith("a candidate of student 1 is ignored: ")
    assert len(caplog.messages[0]) < 250


async def test_cancel_ends_what_is_still_being_resolved() -> None:
    candidates, connection = RemoteCandidates("student 1"), Connection()
    connection.resolving.clear()
    add(candidates, connection, candidate())
    await asyncio.sleep(0)
    await candidates.cancel()
    connection.resolving.set()
    assert connection.added == []
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "candidate of student 1"]
