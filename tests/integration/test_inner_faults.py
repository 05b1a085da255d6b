"""Parts of the lesson that fail, hang or end while a student watches: told within a second or so, and mended."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from classroom.broadcaster import Broadcaster
from classroom.media import encoder as encoder_module
from classroom.media.codecs import open_video
from classroom.media.crossfade import Crossfade
from classroom.media.sound import SoundMixer
from classroom.media.sound_encoder import SoundEncoder
from classroom.media.worker import MOST_LEFT_BEHIND
from tests.support.broadcast import broadcasting, eventually
from tests.support.machine import measured_machine
from tests.support.student import student

LESSON = """
sources:
  bars:  {kind: pattern, size: 320x180, fps: 30}
audio: {clap: {source: bars}}
scenes: {talk: bars}
program: {size: 320x180, fps: 30}
video: {codecs: [h264], tiers: []}
recording: {start: never}
"""


class Fault:
    """What befalls a call while it lasts: it raises, or does not return before the fault is over."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hang = False
        self.over = threading.Event()
        self.times = 0

    def befall(self) -> None:
        if self.error is not None:
            self.times += 1
            raise self.error
        if self.hang:
            self.times += 1
            self.over.wait(120)

    def end(self) -> None:
        self.error, self.hang = None, False
        self.over.set()


class _Context:
    """A real encoder whose ``encode`` can be befallen by a fault."""

    def __init__(self, real: Any, fault: Fault) -> None:
        self._real, self._fault = real, fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def encode(self, frame: Any) -> Any:
        self._fault.befall()
        return self._real.encode(frame)


@pytest.fixture
def fault() -> Iterator[Fault]:
    found = Fault()
    yield found
    found.end()


def in_encoding(fault: Fault, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(encoder_module, "open_video", lambda *given: _Context(open_video(*given), fault))


def in_opening(fault: Fault, patch: pytest.MonkeyPatch) -> None:
    def opened(*given: Any) -> Any:
        fault.befall()
        return _Context(open_video(*given), fault)

    patch.setattr(encoder_module, "open_video", opened)


def in_sound_encoding(fault: Fault, patch: pytest.MonkeyPatch) -> None:
    real = SoundEncoder._open
    patch.setattr(SoundEncoder, "_open", lambda encoder: _Context(real(encoder), fault))


def in_composing(fault: Fault, patch: pytest.MonkeyPatch) -> None:
    _before(Crossfade, "compose", fault, patch)


def in_mixing(fault: Fault, patch: pytest.MonkeyPatch) -> None:
    _before(SoundMixer, "mix", fault, patch)


def _before(owner: type, name: str, fault: Fault, patch: pytest.MonkeyPatch) -> None:
    real = getattr(owner, name)

    def befallen(*given: Any, **named: Any) -> Any:
        fault.befall()
        return real(*given, **named)

    patch.setattr(owner, name, befallen)


Place = Callable[[Fault, pytest.MonkeyPatch], None]
PICTURE, SOUND = "program.no_picture", "program.no_sound"
places = pytest.mark.parametrize(
    ("place", "code"),
    [(in_encoding, PICTURE), (in_composing, PICTURE), (in_sound_encoding, SOUND), (in_mixing, SOUND)],
)


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Broadcaster]:
    """A lesson with one student, who has its picture and its sound; how much left so far."""
    async with broadcasting(LESSON) as lesson, student(lesson.port) as watcher:
        await watcher.watch()
        await eventually(lambda: left(lesson, PICTURE) > 20 and left(lesson, SOUND) > 20)
        yield lesson


def left(lesson: Broadcaster, code: str) -> int:
    kind = "sound" if code == SOUND else "picture"
    return sum(each.published for each in lesson._program.deliveries() if each.kind == kind)


def alarms(lesson: Broadcaster) -> set[str]:
    return {alarm.code for alarm in lesson._alarms.raised()}


async def has_come_back(lesson: Broadcaster, code: str) -> None:
    before = left(lesson, code)
    await eventually(lambda: left(lesson, code) > before + 20, what="it leaves again")
    await eventually(lambda: not {code, "program.stuck"} & alarms(lesson), what="and nothing is said any more")


@places
@pytest.mark.parametrize("error", [ValueError("of a test"), TypeError("of a test"), MemoryError()], ids=repr)
async def test_what_raises_again_and_again_is_told_and_works_when_it_is_over(
    place: Place, code: str, error: Exception, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(fault, monkeypatch)
    async with watched() as lesson:
        fault.error = error
        began = time.monotonic()
        await eventually(lambda: code in alarms(lesson), what="the teacher is told")
        told = time.monotonic() - began
        await asyncio.sleep(max(0.0, 3.0 - told))
        assert code in alarms(lesson), "as long as it lasts"
        assert fault.times > 2, "it is tried again"
        fault.end()
        await has_come_back(lesson, code)


@places
async def test_what_raises_once_costs_a_moment(
    place: Place, code: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(fault, monkeypatch)
    async with watched() as lesson:
        fault.error = TypeError("of a test")
        await eventually(lambda: fault.times > 0)
        fault.error = None
        await has_come_back(lesson, code)


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (in_encoding, PICTURE),
        (in_opening, PICTURE),
        (in_composing, PICTURE),
        (in_sound_encoding, SOUND),
        (in_mixing, SOUND),
    ],
)
async def test_what_hangs_once_for_ever_is_replaced(
    place: Place, code: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(fault, monkeypatch)
    async with watched() as lesson:
        if place is in_opening:
            _open_anew(lesson)
        fault.hang = True
        await eventually(lambda: fault.times > 0)
        fault.hang = False
        await eventually(lambda: code in alarms(lesson), what="the teacher is told")
        await has_come_back(lesson, code)
        assert not fault.over.is_set(), "the one that hangs still does"
        await _ends_soon(lesson)


@places
async def test_what_hangs_every_time_leaves_few_threads_behind_and_comes_back_when_it_is_over(
    place: Place, code: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(fault, monkeypatch)
    async with watched() as lesson:
        before = threading.active_count()
        fault.hang = True
        await eventually(lambda: "program.stuck" in alarms(lesson), within=90, what="the teacher is told to restart")
        assert code in alarms(lesson)
        await asyncio.sleep(1.0)
        assert threading.active_count() - before <= MOST_LEFT_BEHIND + 3
        assert fault.times == MOST_LEFT_BEHIND + 1
        fault.end()
        await has_come_back(lesson, code)


async def test_an_end_waits_for_all_that_hang_together(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    in_encoding(fault, monkeypatch)
    in_mixing(fault, monkeypatch)
    in_composing(fault, monkeypatch)
    async with watched() as lesson:
        fault.hang = True
        await eventually(lambda: fault.times >= 3)
        await _ends_soon(lesson)


def _open_anew(lesson: Broadcaster) -> None:
    """Have the encoder opened anew, as after a moment without students."""
    [rendition] = lesson._program.renditions("h264")
    rendition.encoder.deactivate()
    rendition.encoder.activate()


async def _ends_soon(lesson: Broadcaster) -> None:
    with measured_machine() as machine:
        began = time.monotonic()
        await lesson._program.stop()
        assert time.monotonic() - began < machine.allows(3.9), "two seconds for all of them together"
