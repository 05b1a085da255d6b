"""Programs without a network, and who watches them: packets are decoded, and pixels looked at.

One is moved by hand, tick by tick, with sources that a test puts pictures into; the other one runs by the clock with
the sources of its lesson.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import av

from classroom.common.clock import Clock, ManualClock, SystemClock
from classroom.director import Director
from classroom.features.from_lesson import scenes_of
from classroom.lesson import Lesson, lesson_from_text
from classroom.media.fanout import Subscription
from classroom.media.frames import Codec, PictureSlot
from classroom.media.from_lesson import program_settings
from classroom.media.overlay import Overlay, build_overlays
from classroom.media.program import Program
from classroom.media.rendition import Rendition
from classroom.media.source_pool import SourcePool
from classroom.media.ticker import Supplies
from tests.support.pictures import BLUE, Array, plain, to_rgb

__all__ = ["Moved", "Running", "moved", "running"]

_LONG_ENOUGH = 20.0


class _Viewer:
    """Decodes the packets of one rendition."""

    def __init__(self, rendition: Rendition) -> None:
        self._subscription: Subscription = rendition.fanout.subscribe(limit=200)
        self._size = rendition.size
        decoder: Any = av.CodecContext.create(rendition.codec, "r")
        decoder.thread_count = 1
        self._decoder = decoder
        self.pts = -1

    async def next(self) -> av.VideoFrame:
        """The next picture."""
        async with asyncio.timeout(_LONG_ENOUGH):
            encoded = await self._subscription.get()
        self.pts = encoded.packet.pts or 0
        frames: list[av.VideoFrame] = self._decoder.decode(av.Packet(bytes(encoded.packet)))
        assert [(frame.width, frame.height) for frame in frames] == [self._size]
        return frames[0]


class Moved:
    """A program that stands still until it is told to move; its ticks are those of a clock of its own."""

    def __init__(self, lesson: Lesson, clock: ManualClock, director: Director, program: Program, seen: _Viewer) -> None:
        self.clock, self.director, self.program = clock, director, program
        self._fps, self._seen, self._ticks = lesson.program.fps, seen, 0

    @property
    def period(self) -> float:
        """Seconds from tick to tick."""
        return 1 / self._fps

    @property
    def next(self) -> float:
        """The clock second of the next tick."""
        # In the middle between two ticks, where rounding does no harm.
        return self.program.zero + (self._ticks + 0.5) * self.period

    async def tick(self, times: int = 1) -> Array:
        """Move on by so many ticks; the pixels of the last one, of shape (height, width, 3)."""
        for _ in range(times):
            self.clock.advance(self.next - self.clock.now())
            picture = await self._seen.next()
            assert self._seen.pts == 90_000 * self._ticks // self._fps
            self._ticks += 1
        return to_rgb(picture)

    async def settled(self) -> Array:
        """The picture when the encoder has had the time to make it good."""
        return await self.tick(3)

    def switch(self, scene: str, ticks: float | None = None) -> None:
        """Put a scene on air at the instant of the next tick, with a cut or a fade of so many ticks."""
        if ticks is None:
            self.director.switch(scene, now=self.next, transition="cut")
        else:
            self.director.switch(scene, now=self.next, transition="fade", duration=ticks * self.period)


class Running:
    """A program that runs with the sources of its lesson."""

    def __init__(self, pool: SourcePool, clock: Clock, director: Director, seen: _Viewer) -> None:
        self.pool = pool
        self._clock, self._director, self._seen = clock, director, seen

    def switch(self, scene: str) -> None:
        """Put a scene on air with a cut."""
        now = self._clock.now()
        self._director.switch(scene, now=now, transition="cut")
        self.pool.put_on_air(set(self._director.program.scene.show), now)

    async def until(self, faults: Callable[[Array], str]) -> Array:
        """The first picture without faults; an AssertionError says what is wrong with the last one."""
        deadline = time.monotonic() + _LONG_ENOUGH
        while found := faults(picture := to_rgb(await self._seen.next())):
            assert time.monotonic() < deadline, f"{found}; {self.pool.pictures()}"
        return picture


@contextlib.asynccontextmanager
async def moved(
    text: str,
    slots: Mapping[str, PictureSlot],
    *,
    codec: Codec = "h264",
    height: int | None = None,
    live: Callable[[], frozenset[str]] | None = None,
    overlays: Mapping[str, Overlay] | None = None,
) -> AsyncIterator[Moved]:
    """Run the program of a lesson by hand; ``slots`` are its sources, all of them live unless ``live`` knows better.

    Watched is the rendition of this height, the full one without; ``overlays`` stand in for those of the lesson.
    """
    lesson, clock = _lesson(text), ManualClock(1000.0)
    director = _director(lesson, clock)
    program = _program(lesson, clock, director, slots, live or (lambda: frozenset(slots)), overlays)
    seen = _Viewer(_rendition(program, codec, height))
    await program.start()
    try:
        yield Moved(lesson, clock, director, program, seen)
    finally:
        await program.stop()


@contextlib.asynccontextmanager
async def running(text: str) -> AsyncIterator[Running]:
    """Run the program of a lesson with its sources."""
    lesson, clock = _lesson(text), SystemClock()
    director = _director(lesson, clock)
    pool = SourcePool(lesson, clock=clock, changed=lambda: None)
    program = _program(lesson, clock, director, pool.slots, pool.live, None)
    seen = _Viewer(_rendition(program, "h264", None))
    pool.start()
    pool.put_on_air(set(director.program.scene.show), clock.now())
    await program.start()
    try:
        yield Running(pool, clock, director, seen)
    finally:
        await program.stop()
        await asyncio.to_thread(pool.stop)


def _lesson(text: str) -> Lesson:
    report = lesson_from_text(text, Path("lesson.yaml"))
    assert report.lesson is not None, report.faults
    return report.lesson


def _director(lesson: Lesson, clock: Clock) -> Director:
    size = (lesson.program.size.width, lesson.program.size.height)
    return Director(
        scenes=scenes_of(lesson),
        start=lesson.program.start,
        size=size,
        now=clock.now(),
        transition=lesson.program.transition,
        duration=lesson.program.duration,
    )


def _program(
    lesson: Lesson,
    clock: Clock,
    director: Director,
    slots: Mapping[str, PictureSlot],
    live: Callable[[], frozenset[str]],
    overlays: Mapping[str, Overlay] | None,
) -> Program:
    size = (lesson.program.size.width, lesson.program.size.height)
    return Program(
        program_settings(lesson),
        director=director,
        supplies=Supplies(
            slots,
            lesson.program.fallback,
            plain(BLUE, *size),
            build_overlays(lesson.overlays, size)[0] if overlays is None else overlays,
        ),
        live=live,
        inputs={},
        clock=clock,
        loop=asyncio.get_running_loop(),
    )


def _rendition(program: Program, codec: Codec, height: int | None) -> Rendition:
    return next(each for each in program.renditions(codec) if height in (None, each.size[1]))
