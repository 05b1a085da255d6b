"""The program: what students see and hear, made by the clock and independent of what the sources do.

It owns the media threads: ticks with the picture mixer, the sound mixer, one for each video encoder. The event loop
starts and stops it, looks after its threads, subscribes to its fan-outs and commands its sound; what is on air it reads
from the director.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import av

from classroom.common.clock import Clock
from classroom.director import Director
from classroom.media.delivery import Delivery
from classroom.media.fanout import Fanout
from classroom.media.frames import Codec, Demand, Encoded, Picture
from classroom.media.level import Level
from classroom.media.picture import ProgramPicture
from classroom.media.program_settings import ProgramSettings
from classroom.media.rendition import Rendition, build_renditions
from classroom.media.side_mix import SideMix
from classroom.media.sound import SoundInput, SoundMixer
from classroom.media.sound_encoder import SoundEncoder
from classroom.media.ticker import Supplies, Ticker
from classroom.media.worker import join_all

__all__ = ["Program"]

_log = logging.getLogger(__name__)

_SOUND_BIT_RATE: Final = 96_000
_JOIN_TIMEOUT: Final = 2.0

_MISSING_AFTER: Final = 0.9
"""Seconds without a new packet after which the subscribers count as having no picture or no sound."""


class Program:
    """Mixes, encodes and hands out the program of a lesson.

    ``settings`` stay as they are; ``supplies`` and ``inputs`` are what it starts with. The codecs and sizes are encoded
    only while they have subscribers. Without any, a picture is composed only twice a second, for ``snapshot``.

    ``live`` names the sources that have a picture. It is called in the tick thread, at every tick: it must not block.
    """

    def __init__(
        self,
        settings: ProgramSettings,
        *,
        director: Director,
        supplies: Supplies,
        live: Callable[[], frozenset[str]],
        inputs: Mapping[str, SoundInput],
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._settings = settings
        self._director = director
        self._clock = clock
        self._renditions = build_renditions(settings, clock, loop)
        self._encoders = [one.encoder for renditions in self._renditions.values() for one in renditions]
        self._ticker = Ticker(
            director=director,
            size=settings.size,
            fps=settings.fps,
            supplies=supplies,
            live=live,
            clock=clock,
            encoders=self._encoders,
        )
        self._sound, self._sound_encoder, self._sound_fanout = _build_sound(inputs, director, clock, loop)
        self.teacher_sound, self.teacher_demand = _build_teacher_sound(self._sound, clock, loop)
        """The program less the lesson's microphones, for teachers, who would hear themselves in it; and its demand."""
        self._workers = [self._ticker.worker, self._sound.worker, *(encoder.worker for encoder in self._encoders)]
        self._zero = 0.0
        self._started = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the full picture, in pixels."""
        return self._settings.size

    @property
    def supplies(self) -> Supplies:
        """What pictures are made of now."""
        return self._ticker.supplies

    @property
    def codecs(self) -> tuple[Codec, ...]:
        """The codecs that can be subscribed to, in order of preference, opus last."""
        return (*self._renditions, "opus")

    @property
    def zero(self) -> float:
        """The clock second at which the time stamps of picture and sound are 0."""
        return self._zero

    async def start(self) -> None:
        """Start all threads; a program starts once."""
        if self._started:
            raise RuntimeError("the program was started before")
        self._started = True
        self._zero = self._clock.now()
        for encoder in self._encoders:
            encoder.start()
        self._sound.start(self._zero)
        self._ticker.start(self._zero)

    def look_after(self) -> None:
        """Start threads again that ended, and replace those that hang; to be called ten times a second."""
        for worker in self._workers:
            worker.look()

    @property
    def stuck(self) -> bool:
        """Whether a part hangs permanently, although it was started again."""
        return any(worker.stuck for worker in self._workers)

    def deliveries(self) -> list[Delivery]:
        """What was published so far of the pictures in each codec and size, and of the sound, and to how many."""
        renditions = [rendition for each in self._renditions.values() for rendition in each]
        patience = max(_MISSING_AFTER, 2.5 / self._settings.fps)
        return [
            *(
                Delivery("picture", one.encoder.name, one.fanout.subscribers, one.fanout.published, patience)
                for one in renditions
            ),
            Delivery("sound", "opus", self._sound_fanout.subscribers, self._sound_fanout.published, _MISSING_AFTER),
            Delivery("sound", "teacher", self.teacher_sound.subscribers, self.teacher_sound.published, _MISSING_AFTER),
        ]

    async def stop(self) -> None:
        """End all subscriptions and threads, in at most a few seconds. May be called again."""
        self._ticker.stop()
        for renditions in self._renditions.values():
            for rendition in renditions:
                rendition.fanout.close()
        self._sound_fanout.close()
        self.teacher_sound.close()
        await asyncio.to_thread(self._join)

    def renditions(self, codec: Codec) -> tuple[Rendition, ...]:
        """The program in this codec in every size, the full one first; KeyError for one without pictures."""
        return self._renditions[codec]

    def fanout(self, codec: Codec) -> Fanout:
        """Where the packets of a codec, in full size, can be subscribed to; KeyError for one that is not used."""
        return self._sound_fanout if codec == "opus" else self._renditions[codec][0].fanout

    def demand(self, codec: Codec) -> Demand:
        """Where key frames of a codec, in full size, can be asked for; KeyError for one that is not used."""
        return self._sound_encoder if codec == "opus" else self._renditions[codec][0].demand

    def set_audio(self, name: str, **changes: Any) -> None:
        """Change settings of an input (those of ``AudioSettings``), without a click; CommandError for what cannot be.

        None leaves a setting as it is.
        """
        self._sound.set_audio(name, **changes)

    def supply(self, supplies: Supplies, inputs: Mapping[str, SoundInput]) -> None:
        """Take other sources, overlays and audio inputs, from the next tick and the next block on.

        An input of the same name and buffer continues without a gap.
        """
        self._ticker.supplies = supplies
        self._sound.replace(inputs)

    @property
    def inputs(self) -> dict[str, SoundInput]:
        """The inputs as they are set now."""
        return self._sound.inputs

    def levels(self) -> dict[str, Level]:
        """The level of every input and of ``program`` over the last 100 ms."""
        return self._sound.levels()

    def late(self) -> dict[str, float]:
        """By how many seconds each input is heard later than the others because its device is late."""
        return self._sound.late()

    def snapshot(self, source: str | None = None) -> av.VideoFrame | None:
        """The newest picture of a source, or of the program; None where there is none. Only to be read.

        At most half a second old while nobody watches, else of the last tick. KeyError for an unknown source.
        """
        if source is None:
            return None if self._ticker.newest is None else self._ticker.newest.frame()
        picture = self._ticker.supplies.slots[source].newest()
        return None if picture is None else picture.frame

    @property
    def ticks(self) -> tuple[int, int]:
        """How many pictures were made and missed so far."""
        return self._ticker.made, self._ticker.missed

    @property
    def sound_blocks(self) -> tuple[int, int]:
        """How many blocks of sound, of 20 ms each, were mixed and lost so far."""
        return self._sound.blocks

    @property
    def longest_miss(self) -> int:
        """How many pictures were missed in a row at most."""
        return self._ticker.longest_miss

    def newest_pictures(self) -> dict[str | None, Picture | ProgramPicture]:
        """The newest picture of each source that has one, and of the program, which is None."""
        found: dict[str | None, Picture | ProgramPicture] = (
            {} if self._ticker.newest is None else {None: self._ticker.newest}
        )
        for name, slot in self._ticker.supplies.slots.items():
            picture = slot.newest()
            if picture is not None:
                found[name] = picture
        return found

    @property
    def statistics(self) -> dict[str, Any]:
        """Ticks, missed and failed ones; p50 and p95 in ms of how late ticks start and of what each stage takes."""
        return {
            **self._ticker.statistics,
            "sound": {
                **self._sound.timings.summary(),
                "skipped": self._sound.skipped,
                "clipped": self._sound.clipped(),
            },
            "encode": {
                **{codec: _describe(renditions[0]) for codec, renditions in self._renditions.items()},
                "opus": {**self._sound_encoder.timings.summary(), "active": self._sound_encoder.active},
            },
            "tiers": {
                f"{codec} {rendition.name}": _describe(rendition)
                for codec, renditions in self._renditions.items()
                for rendition in renditions[1:]
            },
            "subscribers": {codec: self._subscribers(codec) for codec in self.codecs},
        }

    def _subscribers(self, codec: Codec) -> int:
        """How many subscribe to a codec, in any size."""
        if codec == "opus":
            return self._sound_fanout.subscribers + self.teacher_sound.subscribers
        return sum(rendition.fanout.subscribers for rendition in self._renditions[codec])

    def _join(self) -> None:
        for encoder in self._encoders:
            encoder.stop(0)
        self._sound.stop(0)
        for name in join_all(self._workers, _JOIN_TIMEOUT):
            _log.error("The thread of the %s did not end and is left behind.", name)


def _build_sound(
    inputs: Mapping[str, SoundInput], director: Director, clock: Clock, loop: asyncio.AbstractEventLoop
) -> tuple[SoundMixer, SoundEncoder, Fanout]:
    """The mixer of the sound, its encoder, and where its packets can be subscribed to."""

    def publish(encoded: Encoded) -> None:
        fanout.publish(encoded)

    encoder = SoundEncoder(bit_rate=_SOUND_BIT_RATE, clock=clock, publish=publish)
    mixer = SoundMixer(
        inputs=inputs,
        clock=clock,
        deliver=encoder.encode,
        shares=lambda now: director.program.heard(now),
        changes_hands=encoder.change_hands,
    )
    fanout = Fanout(codec="opus", demand=encoder, loop=loop, on_first=encoder.activate, on_last=encoder.deactivate)
    return mixer, encoder, fanout


def _build_teacher_sound(mixer: SoundMixer, clock: Clock, loop: asyncio.AbstractEventLoop) -> tuple[Fanout, Demand]:
    """Where teachers' sound can be subscribed to; it is mixed and encoded only while somebody does."""

    def publish(encoded: Encoded) -> None:
        fanout.publish(encoded)

    def begin() -> None:
        encoder.activate()
        mixer.attach(mix)

    def end() -> None:
        mixer.detach(mix)
        encoder.deactivate()

    encoder = SoundEncoder(bit_rate=_SOUND_BIT_RATE, clock=clock, publish=publish)
    mix = SideMix(leaves_out=lambda each: each.speech, deliver=encoder.encode)
    fanout = Fanout(codec="opus", demand=encoder, loop=loop, on_first=begin, on_last=end)
    return fanout, encoder


def _describe(rendition: Rendition) -> dict[str, Any]:
    encoder = rendition.encoder
    return {
        **encoder.timings.summary(),
        "pictures": encoder.encoded,
        "skipped": encoder.skipped,
        "active": encoder.active,
        "bit_rate": rendition.rate,
    }
