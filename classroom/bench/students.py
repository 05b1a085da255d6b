"""A class of receivers in other processes, for the process that is measured."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from classroom.common.errors import SetupError

__all__ = ["ESTIMATE", "Count", "Students", "students"]

ESTIMATE: Final = 4_000_000
"""Bits per second that receivers report for their link: more than is sent."""

_ANSWERS_WITHIN: Final = 60.0
_ENDS_WITHIN: Final = 10.0
_LOOK_EVERY: Final = 0.1
_LINE: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Count:
    """What one receiver has counted since it joined, until ``at``. Times are in seconds of the monotonic clock."""

    id: int
    connected: float | None
    packets: int
    expected: int
    octets: int
    frames: int
    at: float
    first_frame: float | None
    longest_gap: float


class _Process:
    """One process of receivers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read(), name="receivers")

    async def ask(self, do: str, **values: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            if self._reading.done():
                raise SetupError("A process of receivers ended too early. Its own words are above.")
            self._process.stdin.write(json.dumps({"number": number, "do": do, **values}).encode() + b"\n")
            return await asyncio.wait_for(answer, _ANSWERS_WITHIN)
        except TimeoutError as late:
            raise SetupError("The receivers did not answer in time; is this machine very busy?") from late
        finally:
            del self._waiting[number]

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _ENDS_WITHIN)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
                said = json.loads(line)
                waiting = self._waiting.get(said.pop("number"))
                if waiting is None or waiting.done():
                    continue
                if "fault" in said:
                    waiting.set_exception(SetupError(f"A receiver failed: {said['fault']}"))
                else:
                    waiting.set_result(said)
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(SetupError("A process of receivers ended too early."))


class Students:
    """Receivers in some processes, which take turns. ``answer`` makes a receiver from an offer."""

    def __init__(self, processes: Sequence[_Process]) -> None:
        self._processes = processes
        self._ids = itertools.count(1)

    async def answer(self, offer: str, *, keeps: bool = False, estimate: int = ESTIMATE) -> tuple[int, str]:
        """The id of a new receiver and its answer. With ``keeps`` it keeps what it gets, for a later look."""
        number = next(self._ids)
        said = await self._of(number).ask("answer", id=number, sdp=offer, keeps=keeps, estimate=estimate)
        return number, said["sdp"]

    async def close(self, ids: Iterable[int]) -> None:
        """Let these receivers leave."""
        leaving = list(ids)
        await asyncio.gather(
            *(
                each.ask("close", ids=[number for number in leaving if self._of(number) is each])
                for each in self._processes
            )
        )

    async def count(self) -> dict[int, Count]:
        """What each receiver has counted, by id."""
        said = await asyncio.gather(*(each.ask("count") for each in self._processes))
        return {one["id"]: Count(**one) for each in said for one in each["receivers"]}

    async def all_see(self, ids: Iterable[int], *, within: float) -> dict[int, Count]:
        """Wait up to ``within`` seconds until all of them had a picture. Return what was counted then."""
        loop = asyncio.get_running_loop()
        deadline, wanted = loop.time() + within, set(ids)
        while True:
            counts = await self.count()
            if all(counts[each].frames for each in wanted) or loop.time() > deadline:
                return counts
            await asyncio.sleep(_LOOK_EVERY)

    async def forget_gaps(self) -> None:
        """Measure the longest gap between pictures from now on."""
        await asyncio.gather(*(each.ask("forget gaps") for each in self._processes))

    async def decode(self, number: int, codec: str) -> dict[str, Any]:
        """Decode what one receiver has kept (see ``quality.decoded``)."""
        return await self._of(number).ask("decode", id=number, codec=codec)

    async def quality(self, number: int, codec: str) -> list[tuple[float, float]]:
        """When the pictures came that one receiver has kept, and their PSNR (see ``quality.measured``)."""
        said = await self._of(number).ask("quality", id=number, codec=codec)
        return [(came, quality) for came, quality in said["pictures"]]

    def _of(self, number: int) -> _Process:
        return self._processes[number % len(self._processes)]


@contextlib.asynccontextmanager
async def students(processes: int = 2) -> AsyncIterator[Students]:
    """Receivers in ``processes`` processes. These end with this context, or with the process itself."""
    started: list[_Process] = []
    try:
        for _ in range(processes):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "classroom.bench.receivers",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE,
            )  # fmt: skip
            started.append(_Process(process))
        # They load for a second or two. In that time they would take processor time from the measurement.
        await asyncio.gather(*(each.ask("count") for each in started))
        yield Students(started)
    finally:
        await asyncio.gather(*(each.end() for each in started))
