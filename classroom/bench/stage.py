"""A program to measure: real mixer, encoders and fan-out, with sources whose pictures have a time code.

The pictures are those of a lesson: a talking head (soft shapes that sway, and sensor noise), a page of text that
scrolls now and then, and a slide with a pointer. They are made beforehand, so that the measurement includes the cost
of the broadcaster and not theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Literal

import av
import numpy as np
import numpy.typing as npt

from classroom.bench import timecode
from classroom.bench.content import SlideClip
from classroom.common.clock import SystemClock
from classroom.director import Director, Scene
from classroom.media.frames import Picture, PictureSlot, Samples
from classroom.media.picture import PictureMixer
from classroom.media.program import Program
from classroom.media.program_settings import ProgramSettings
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.ticker import Supplies
from classroom.webrtc.sending.feed import OfferedProgram as Watchable
from classroom.webrtc.sending.transmitter import Transmitter

__all__ = ["FPS", "HEIGHT", "WIDTH", "Planes", "SourceName", "Stage", "heads", "slide", "stage", "texts", "yuv_frame"]

WIDTH: Final = 1280
HEIGHT: Final = 720
FPS: Final = 30
_LOOP: Final = 30
"""Different pictures of a source before they repeat."""

_BLOCK: Final = 480

Planes = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
SourceName = Literal["head", "text", "slide"]


class Stage:
    """Sources, and the program that shows them. Scenes have the same names as sources, and the first is on air."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sources: Sequence[SourceName]) -> None:
        self.clock = SystemClock()
        scenes: dict[str, Scene] = {name: Scene(name, "full", (name,)) for name in sources}
        self._pictures = {name: _SOURCES[name] for name in sources}
        self._made = {name: make() for name, (_, make) in self._pictures.items()}
        self.director = Director(scenes=scenes, start=sources[0], size=(WIDTH, HEIGHT), now=self.clock.now())
        self._slots: dict[str, PictureSlot] = {name: PictureSlot() for name in scenes}
        self._card = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        self.sound = SoundBuffer()
        self.program = Program(
            ProgramSettings(size=(WIDTH, HEIGHT), fps=FPS),
            director=self.director,
            supplies=Supplies(self._slots, None, self._card),
            live=self.live,
            inputs={"tone": SoundInput(self.sound, gain=-20.0)},
            clock=self.clock,
            loop=loop,
        )
        self.watchable = Watchable(
            pictures={codec: self.program.renditions(codec) for codec in ("h264", "vp8")},
            sound=self.program.fanout("opus"),
            sound_demand=self.program.demand("opus"),
            transmitter=Transmitter(self.clock),
        )
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._deliver, args=(name,), name=f"bench {name}", daemon=True)
            for name in self._pictures
        ]
        self._threads.append(threading.Thread(target=self._play, name="bench tone", daemon=True))

    def live(self) -> frozenset[str]:
        """The sources that have a picture: always all of them."""
        return frozenset(self._slots)

    def mixer(self) -> PictureMixer:
        """Another mixer for the same pictures."""
        return PictureMixer(size=(WIDTH, HEIGHT), slots=self._slots, fallback=None, fallback_card=self._card)

    def start(self) -> None:
        """Start the sources."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the sources."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2.0)

    def _deliver(self, name: SourceName) -> None:
        """Deliver pictures as a camera does: at its own pace, independent of the ticks of the program."""
        (number, _), pictures = self._pictures[name], self._made[name]
        serial = 0
        due = self.clock.now()
        while not self._stop.wait(max(0.0, due - self.clock.now())):
            due += 1 / FPS
            serial += 1
            luma, blue, red = pictures[serial % len(pictures)]
            stamped = luma.copy()
            captured = self.clock.now()
            timecode.draw(stamped, number, round(time.time() * 1000))
            frame = yuv_frame(stamped, blue, red)
            self._slots[name].put(Picture(frame, captured, serial))

    def _play(self) -> None:
        due = self.clock.now()
        while not self._stop.wait(max(0.0, due - self.clock.now())):
            start = round(due * 48_000)
            phase = (np.arange(start, start + _BLOCK) % 48_000) * (2 * np.pi * 440 / 48_000)
            wave = np.sin(phase).astype(np.float32)
            block: Samples = np.stack([wave, wave], axis=1)
            self.sound.write(block, due)
            due += _BLOCK / 48_000


@contextlib.asynccontextmanager
async def stage(sources: Sequence[SourceName] = ("head", "text")) -> AsyncIterator[Stage]:
    """A running stage."""
    each = await asyncio.to_thread(Stage, asyncio.get_running_loop(), sources)
    each.start()
    await each.program.start()
    try:
        yield each
    finally:
        await each.watchable.close()
        await each.program.stop()
        await asyncio.to_thread(each.stop)


def yuv_frame(luma: npt.NDArray[np.uint8], blue: npt.NDArray[np.uint8], red: npt.NDArray[np.uint8]) -> av.VideoFrame:
    """A frame with copies of the planes."""
    stacked = np.concatenate([luma.reshape(-1), blue.reshape(-1), red.reshape(-1)])
    return av.VideoFrame.from_ndarray(stacked.reshape(HEIGHT * 3 // 2, WIDTH), format="yuv420p")


def heads() -> list[Planes]:
    """The pictures of ``head``, in order and without a time code: a person who sways, and a sensor's noise."""
    generator = np.random.default_rng(1)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    room = 70 + 40 * np.sin(columns / 210) * np.cos(rows / 160)
    made = []
    for step in range(_LOOP):
        sway = 24 * np.sin(2 * np.pi * step / _LOOP)
        nod = 10 * np.sin(4 * np.pi * step / _LOOP)
        face = np.exp(-(((columns - 640 - sway) / 170) ** 4) - ((rows - 330 - nod) / 230) ** 4)
        texture = 12 * np.sin((columns - sway) / 9) * np.sin((rows - nod) / 11)
        luma = room * (1 - face) + (165 + texture) * face + generator.normal(0, 3, room.shape)
        small = face[::2, ::2]
        blue = np.full(small.shape, 128) - 14 * small
        red = np.full(small.shape, 128) + 22 * small
        made.append(tuple(np.clip(plane, 16, 235).astype(np.uint8) for plane in (luma, blue, red)))
    return [(luma, blue, red) for luma, blue, red in made]


def texts() -> list[Planes]:
    """The pictures of ``text``, in order and without a time code: a page that is still for a while, then scrolls."""
    generator = np.random.default_rng(2)
    page = np.full((2 * HEIGHT, WIDTH), 235, np.uint8)
    for top in range(24, 2 * HEIGHT - 24, 28):
        ink = generator.random((14, (WIDTH - 160) // 4)) < 0.35
        page[top : top + 14, 80 : 80 + ink.shape[1] * 4][np.repeat(ink, 4, axis=1)] = 30
    neutral = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return [(page[offset : offset + HEIGHT].copy(), neutral, neutral) for offset in [0] * 15 + list(range(0, 60, 4))]


def slide() -> list[Planes]:
    """The pictures of ``slide``, in order and without a time code: a lecture's slide, and a pointer on it."""
    frame = SlideClip(length=1).frame(0).reformat(format="yuv420p")
    pixels: npt.NDArray[np.uint8] = np.asarray(frame.to_ndarray(), np.uint8)
    luma, colours = pixels[:HEIGHT], pixels[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    made = []
    for step in range(_LOOP):
        turn = 2 * np.pi * step / _LOOP
        left, top = round(500 + 90 * np.cos(turn)), round(400 + 90 * np.sin(turn))
        pointed = luma.copy()
        pointed[top : top + 20, left : left + 20] = 90
        made.append((pointed, colours[0].copy(), colours[1].copy()))
    return made


_SOURCES: Final[dict[SourceName, tuple[int, Callable[[], list[Planes]]]]] = {
    "head": (1, heads),
    "text": (2, texts),
    "slide": (3, slide),
}
