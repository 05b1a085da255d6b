"""What a student costs: classroom's fan-out, stock aiortc and Debian's Janus with the same pictures in the same run.

Students are real connections (ICE, DTLS, SRTP) of other processes. They count packets by their headers and answer with
reports once a second. Only the cost of stock aiortc includes encoding, because it encodes for each student. Classroom
and Janus get packets that were encoded beforehand. The cost of a student is the difference to the same process without
students. At the end, the same number of students gets a whole lesson, which is mixed and encoded in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

from classroom.bench.janus import janus, janus_installed
from classroom.bench.machine import StolenTime, describe_machine
from classroom.bench.memory import VISITS, measure_memory
from classroom.bench.recorded import Broadcast, Fanouts, RecordedMedia, record
from classroom.bench.sender import Codec
from classroom.bench.servers import ServerUnderTest, StockServer, house
from classroom.bench.stage import FPS, HEIGHT, WIDTH, heads, stage
from classroom.bench.statistics import Usage, spread
from classroom.bench.students import Students, students
from classroom.common.clock import SystemClock
from classroom.server.descriptors import connections_that_fit
from classroom.webrtc.sending.feed import OfferedProgram
from classroom.webrtc.sending.transmitter import Transmitter

__all__ = ["GOALS", "Bench", "Sizes", "measure", "run", "table"]

_SECONDS: Final = 4.0
_SETTLES_WITHIN: Final = 15.0
GOALS: Final = {"of_stock_vp8": 1 / 150, "of_janus": 1.0, "fps": 0.99 * FPS, "idle_ms": 0.3, "memory_growth": 0.1}
"""The largest cost of a student relative to others, the fewest pictures per second, CPU when idle, and memory."""

_EVENT_LOOPS: Final = 2
_STOCK_RISES: Final = 3.0
"""Seconds until stock aiortc knows the bit rate that the link carries, and its encoder uses it."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of students of each server, one after the other, and how many join and leave for the memory."""

    classroom: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128, 256)
    stock: Sequence[tuple[Codec, int]] = (("vp8", 1), ("vp8", 2), ("vp8", 4), ("h264", 1), ("h264", 2))
    janus: Sequence[int] = (16, 64, 128)
    visits: int = VISITS


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure. ``seconds`` is how long each number of students is measured."""
    return asyncio.run(measure(_SECONDS if seconds is None else seconds, Sizes()))


async def measure(seconds: float, sizes: Sizes) -> dict[str, Any]:
    """The whole measurement."""
    stolen = StolenTime()
    connections_that_fit(2 * max(sizes.classroom), max(sizes.classroom))
    recording = await asyncio.to_thread(record, SystemClock())
    async with students() as receivers:
        bench = Bench(receivers, recording, seconds)
        result = await bench.classroom(sizes.classroom)
        result["whole_lesson"] = await bench.whole_lesson(max(sizes.classroom))
        result["stock"] = await bench.stock(sizes.stock)
        result |= await bench.janus(sizes.janus)
        result["memory"] = await measure_memory(receivers, sizes.visits)
    return {
        "bench": "fanout",
        "machine": describe_machine(stolen),
        "picture": f"{WIDTH}x{HEIGHT} at {FPS}",
        "bit_rate": round(recording.bit_rate),
        "unit": "cores, ms of processor time a second for each student",
        **result,
        "ratios": _ratios(result),
        "goals": GOALS,
    }


class Bench:
    """The parts of the measurement. Each number of students is measured for ``seconds``."""

    def __init__(self, receivers: Students, recording: RecordedMedia, seconds: float) -> None:
        self._students = receivers
        self._recording = recording
        self._seconds = seconds
        self._clock = SystemClock()

    async def classroom(self, sizes: Sequence[int]) -> dict[str, Any]:
        """Send packets that were encoded before to each number of students, then nothing to the largest number."""
        made = Fanouts(asyncio.get_running_loop(), self._clock)
        program = OfferedProgram(
            pictures={"h264": [made.rendition]},
            sound=made.sound,
            sound_demand=made,
            transmitter=Transmitter(self._clock),
        )
        async with house(program, self._students) as audience:
            quiet = await self._core(_own())
            with self._playing(made.publish) as broadcast:
                rows = await self._rows(audience, (0, *sizes), _own(), broadcast.lateness)
                broadcast.pause()
                await asyncio.sleep(1.0)
                idle = await self._core(_own()) - quiet
        return {"classroom": rows, "idle_ms": round(1000 * idle / max(sizes), 3)}

    async def whole_lesson(self, size: int) -> dict[str, Any]:
        """Send a lesson that is mixed and encoded in this process."""
        async with stage() as each:
            async with house(each.watchable, self._students) as audience:
                (row,) = await self._rows(audience, (size,), _own(), [])
            statistics = each.program.statistics
            return {**row, "tick": statistics["lateness"], "missed": statistics["missed"]}

    async def stock(self, sizes: Sequence[tuple[Codec, int]]) -> dict[str, list[dict[str, Any]]]:
        """Stock aiortc, with an encoder for each student."""
        clip = await asyncio.to_thread(heads)
        found: dict[str, list[dict[str, Any]]] = {}
        for codec in dict.fromkeys(codec for codec, _ in sizes):
            server = StockServer(self._students, self._clock, codec, clip)
            try:
                wanted = (0, *(size for each, size in sizes if each == codec))
                found[codec] = await self._rows(server, wanted, _own(), [])
            finally:
                await server.close()
        return found

    async def janus(self, sizes: Sequence[int]) -> dict[str, Any]:
        """Janus with the packets of ``classroom``: once with its defaults, once with event loops for many students."""
        if not janus_installed() or not sizes:
            return {"janus": None, "janus_event_loops": None}
        found = {}
        for name, loops in (("janus", 0), ("janus_event_loops", _EVENT_LOOPS)):
            async with janus(self._students, event_loops=loops) as (server, feed):
                with self._playing(feed.publish):
                    found[name] = await self._rows(server, (0, *sizes), lambda server=server: server.cpu, [])  # type: ignore[misc]
        return found

    @contextlib.contextmanager
    def _playing(self, publish: Callable[[Any], None]) -> Any:
        broadcast = Broadcast(self._recording, clock=self._clock, publish=publish)
        broadcast.start()
        try:
            yield broadcast
        finally:
            broadcast.stop()

    async def _rows(
        self, server: ServerUnderTest, sizes: Sequence[int], cpu: Callable[[], float], ticks: list[float]
    ) -> list[dict[str, Any]]:
        """A row for each number of students. ``ticks`` gets the lateness of each tick during this."""
        rows: list[dict[str, Any]] = []
        for size in sizes:
            await server.grow(size)
            # Students who get no picture stay in the figures.
            await self._students.all_see(await self._students.count(), within=_SETTLES_WITHIN)
            if isinstance(server, StockServer) and size:
                await asyncio.sleep(_STOCK_RISES)
            row = await self._row(size, cpu, ticks)
            if rows and size and rows[0]["students"] == 0:
                row["ms_each"] = round(1000 * (row["core"] - rows[0]["core"]) / size, 3)
            rows.append(row)
        return rows

    async def _row(self, size: int, cpu: Callable[[], float], ticks: list[float]) -> dict[str, Any]:
        before, first = await self._students.count(), len(ticks)
        async with _loop_lateness() as late:
            core = await self._core(cpu)
        after = await self._students.count()
        pairs = [(before[each], after[each]) for each in after if each in before]
        rates = sorted((later.frames - earlier.frames) / (later.at - earlier.at) for earlier, later in pairs)
        expected = sum(later.expected - earlier.expected for earlier, later in pairs)
        return {
            "students": size,
            "core": round(core, 4),
            "fps_least": round(rates[0], 1) if rates else None,
            "fps_mean": round(sum(rates) / len(rates), 1) if rates else None,
            "packets": expected,
            "lost": expected - sum(later.packets - earlier.packets for earlier, later in pairs),
            "tick_late": spread(ticks[first:]),
            "loop_late": spread(late),
        }

    async def _core(self, cpu: Callable[[], float]) -> float:
        before, began = cpu(), self._clock.now()
        await asyncio.sleep(self._seconds)
        return (cpu() - before) / (self._clock.now() - began)


def _own() -> Callable[[], float]:
    usage = Usage()
    return lambda: usage.cpu


@contextlib.asynccontextmanager
async def _loop_lateness() -> AsyncIterator[list[float]]:
    """The seconds by which the event loop was late for work that is due with each picture."""
    found: list[float] = []

    async def look() -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 1 / FPS
            await asyncio.sleep(1 / FPS)
            found.append(loop.time() - due)

    task = asyncio.create_task(look(), name="lateness of the event loop")
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _ratios(result: dict[str, Any]) -> dict[str, Any]:
    """The cost of a student of classroom as a share of that of others, for the same number of students if measured."""
    most = result["classroom"][-1]
    stock = {codec: rows[1]["ms_each"] for codec, rows in result["stock"].items() if len(rows) > 1}
    found: dict[str, Any] = {f"of_stock_{codec}": _ratio(most["ms_each"], each) for codec, each in stock.items()}
    for name in ("janus", "janus_event_loops"):
        rows = result[name]
        ours = {row["students"]: row for row in result["classroom"]}
        known = [row for row in rows or [] if row["students"] and row["students"] in ours]
        found[f"of_{name}"] = _ratio(ours[known[-1]["students"]]["ms_each"], known[-1]["ms_each"]) if known else None
    return found


def _ratio(ours: float, other: float) -> float | None:
    return round(ours / other, 5) if other > 0 else None


def table(result: dict[str, Any]) -> Table:
    """The result for a person."""
    shown = Table(title=f"What a student costs: {result['picture']}, {result['bit_rate'] / 1e6:.2f} Mbit/s with sound")
    for column in ("server", "n", "cores", "ms/s each", "fps", "lost", "tick p95", "loop p95"):
        shown.add_column(column, justify="left" if column == "server" else "right")

    def add(name: str, row: dict[str, Any]) -> None:
        tick = row.get("tick") or row["tick_late"]
        shown.add_row(
            name,
            str(row["students"]),
            f"{row['core']:.3f}",
            f"{row['ms_each']:.2f}" if "ms_each" in row else "",
            "" if row["fps_least"] is None else f"{row['fps_least']:.1f}",
            str(row["lost"]),
            f"{tick['p95']:.1f}",
            f"{row['loop_late']['p95']:.1f}",
        )

    for row in result["classroom"]:
        add("classroom", row)
    add("whole lesson", result["whole_lesson"])
    for codec, rows in result["stock"].items():
        for row in rows:
            add(f"stock, {codec}", row)
    for name, words in (("janus", "Janus"), ("janus_event_loops", f"Janus, {_EVENT_LOOPS} loops")):
        for row in result[name] or []:
            add(words, row)
    shown.caption = _caption(result)
    return shown


def _caption(result: dict[str, Any]) -> str:
    ratios, memory = result["ratios"], result["memory"]
    stock = ", ".join(
        f"1/{1 / value:.0f} of stock {name.removeprefix('of_stock_')}"
        for name, value in ratios.items()
        if name.startswith("of_stock") and value and value > 0
    )
    if result["janus"] is None:
        beside = "Janus is not installed (apt-get install janus)"
    else:
        beside = f"{_share(ratios['of_janus'])} of Janus, {_share(ratios['of_janus_event_loops'])} with event loops"
    return (
        "fps: of the student with the fewest; tick, loop: ms too late. "
        f"A student of classroom costs {stock}; {beside}. "
        f"An idle connection: {result['idle_ms']:.2f} ms/s. {memory['visits']} joins and leaves: "
        f"memory {memory['growth']:+.0%}. The host took {result['machine']['stolen']:.0%} of the time away."
    )


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"
