"""The measurement of the fan-out, made small: real connections of other processes, and Janus where it is installed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import threading
from pathlib import Path

import pytest
from rich.console import Console

from classroom.bench import fanout
from classroom.bench.janus import janus_installed
from classroom.bench.recorded import Broadcast, RecordedMedia, record
from classroom.bench.servers import StockServer
from classroom.bench.stage import heads, stage
from classroom.bench.students import students
from classroom.common.clock import SystemClock
from classroom.common.errors import SetupError
from classroom.media.frames import Encoded

SMALL = fanout.Sizes(classroom=(1, 2), stock=(("vp8", 1),), janus=(), visits=2)


async def test_two_students_are_measured() -> None:
    result = json.loads(json.dumps(await fanout.measure(0.5, SMALL)))
    for row in (*result["classroom"][1:], result["whole_lesson"], result["stock"]["vp8"][1]):
        assert row["core"] > 0
        assert row["packets"] > 0
        assert row["fps_least"] > 0
    assert [row["students"] for row in result["classroom"]] == [0, 1, 2]
    assert result["classroom"][2]["ms_each"] == pytest.approx(
        1000 * (result["classroom"][2]["core"] - result["classroom"][0]["core"]) / 2, abs=0.1
    )
    assert result["janus"] is None
    assert result["memory"]["visits"] == 2
    assert result["memory"]["before_mb"] > 10
    out = io.StringIO()
    Console(file=out, width=160).print(fanout.table(result))
    assert "Janus is not installed" in out.getvalue()


async def test_pictures_that_are_counted_can_be_decoded() -> None:
    async with students(1) as receivers, stage(["head"]) as each:
        server = StockServer(receivers, each.clock, "h264", await asyncio.to_thread(heads))
        try:
            await server.grow(1)
            await receivers.all_see([1], within=20)
            counts = await receivers.count()
            assert counts[1].frames > 0
            assert counts[1].first_frame is not None
        finally:
            await server.close()
        assert await receivers.count() == {}


async def test_receivers_end_with_whoever_drives_them() -> None:
    before = _receivers()
    with contextlib.suppress(asyncio.CancelledError):
        async with students(2):
            assert len(_receivers() - before) == 2
            raise asyncio.CancelledError
    assert _receivers() - before == set()


async def test_a_receiver_that_fails_says_so() -> None:
    async with students(1) as receivers:
        with pytest.raises(SetupError, match="A receiver failed"):
            await receivers.answer("no description")


@pytest.mark.skipif(not janus_installed(), reason="Janus is not installed")
async def test_janus_is_measured_with_the_same_packets() -> None:
    recording = await asyncio.to_thread(record, SystemClock())
    async with students(1) as receivers:
        result = await fanout.Bench(receivers, recording, 0.5).janus((2,))
    for rows in result.values():
        assert [row["students"] for row in rows] == [0, 2]
        assert rows[1]["fps_least"] > 0
        assert rows[1]["packets"] > 0


def test_a_broadcast_keeps_sound_in_step_with_pictures() -> None:
    published: list[str] = []
    enough = threading.Event()

    def publish(encoded: Encoded) -> None:
        published.append(encoded.codec)
        if published.count("h264") >= 6:
            enough.set()

    broadcast = Broadcast(RecordedMedia([(b"\0\0\0\1e", True)], [b"x"]), clock=SystemClock(), publish=publish)
    broadcast.start()
    assert enough.wait(10)
    broadcast.stop()
    assert 6 <= published.count("opus") <= 12
    assert len(broadcast.lateness) == broadcast.played


def _receivers() -> set[int]:
    """The processes of receivers that this one has started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"classroom.bench.receivers" in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
    return found
