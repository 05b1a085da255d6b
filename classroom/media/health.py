"""Tells the teacher what is odd about the sources and the program, in a sentence and with a remedy.

What a source says of itself, lost or failed, is its status; here is what only shows from outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from classroom.common.alarms import Alarm, Alarms, RestartSource, SetGain
from classroom.common.clock import Clock
from classroom.common.sentences import Wording
from classroom.lesson.audio import BOUNDS
from classroom.media.advice import advice
from classroom.media.channel import USUAL_LAG
from classroom.media.delivery import Delivery, MissingDetector
from classroom.media.detectors import (
    BlackDetector,
    ClippingDetector,
    InstabilityDetector,
    OverloadDetector,
    SilenceDetector,
)
from classroom.media.frames import SAMPLE_RATE, PictureSlot
from classroom.media.level import FLOOR_DB, Level
from classroom.media.picture_statistics import is_black
from classroom.media.sound import SoundInput
from classroom.media.supervisor import SourceStatus

__all__ = ["MediaHealth"]

_EVERY: Final = 0.1
"""Seconds between two looks; levels are those of the last 100 ms, so that no peak is lost."""

_PICTURES_EVERY: Final = 5
"""Looks between two at pictures and counts."""

_SEEING: Final = frozenset({"camera", "stream", "browser"})
"""Kinds that show the world, which is never black."""

_QUIETER: Final = 6.0
"""Decibels by which an input that is too loud is to be quieter."""


_LOST_SOUND: Final = 0.05
"""The share of lost sound that raises an alarm: a quarter of a second in five, which nobody can follow any more."""


class Sources(Protocol):
    """What is asked of the source pool."""

    @property
    def slots(self) -> Mapping[str, PictureSlot]:
        """Where each source delivers its pictures."""
        ...

    def pictures(self) -> Mapping[str, SourceStatus]:
        """How each source is."""
        ...

    def sounds(self) -> Mapping[str, SourceStatus]:
        """How the source of each audio input is."""
        ...

    def losses(self) -> Mapping[str, int]:
        """How often each source was lost so far."""
        ...


class MixedProgram(Protocol):
    """What is asked of the program."""

    @property
    def inputs(self) -> Mapping[str, SoundInput]:
        """The audio inputs as they are set."""
        ...

    @property
    def ticks(self) -> tuple[int, int]:
        """How many pictures were made and missed so far."""
        ...

    @property
    def sound_blocks(self) -> tuple[int, int]:
        """How many blocks of sound were mixed and lost so far."""
        ...

    @property
    def stuck(self) -> bool:
        """Whether a part of it hangs permanently."""
        ...

    def levels(self) -> Mapping[str, Level]:
        """How loud each input was in the last 100 ms, with its gain."""
        ...

    def deliveries(self) -> Sequence[Delivery]:
        """What was published so far, and to how many."""
        ...

    def look_after(self) -> None:
        """Start threads again that ended or hang."""
        ...

    def late(self) -> Mapping[str, float]:
        """By how many seconds each input is heard later than the others."""
        ...


@dataclass(slots=True)
class _PictureDetectors:
    """What is watched of a source."""

    black: BlackDetector = field(default_factory=BlackDetector)
    unsteady: InstabilityDetector = field(default_factory=InstabilityDetector)


@dataclass(slots=True)
class _SoundDetectors:
    """What is watched of an audio input."""

    silence: SilenceDetector = field(default_factory=SilenceDetector)
    clipping: ClippingDetector = field(default_factory=ClippingDetector)


class MediaHealth:
    """Looks at the sources and the program ten times a second and raises alarms."""

    def __init__(self, *, sources: Sources, program: MixedProgram, alarms: Alarms, clock: Clock) -> None:
        self._sources = sources
        self._program = program
        self._alarms = alarms
        self._clock = clock
        self._seen: dict[str, _PictureDetectors] = {}
        self._heard: dict[str, _SoundDetectors] = {}
        self._overload = OverloadDetector()
        self._sound_overload = OverloadDetector(_LOST_SOUND)
        self._missing = MissingDetector()
        self._looks = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_EVERY)

    def look(self) -> None:
        """Look once: at what leaves and at the sound always, at the rest every fifth time."""
        self._program.look_after()
        self._look_at_deliveries()
        self._listen()
        if self._looks % _PICTURES_EVERY == 0:
            self._look_at_pictures()
            self._say(self._overload.look(self._clock.now(), *self._program.ticks), _OVERLOAD)
            self._say(self._sound_overload.look(self._clock.now(), *self._program.sound_blocks), _SOUND_LOST)
        self._looks += 1

    def _look_at_deliveries(self) -> None:
        deliveries = self._program.deliveries()
        missing = self._missing.look(self._clock.now(), deliveries)
        for kind, nobody, some in (("picture", _NO_PICTURE, _SOME_NO_PICTURE), ("sound", _NO_SOUND, _NO_SOUND)):
            without = sum(each.subscribers for each in missing if each.kind == kind)
            everybody = without == sum(each.subscribers for each in deliveries if each.kind == kind)
            code = f"program.no_{kind}"
            self._say(without > 0, Alarm(code, (nobody if everybody else some)()))
        self._say(self._program.stuck, _STUCK)

    def _listen(self) -> None:
        now, statuses, levels = self._clock.now(), self._sources.sounds(), self._program.levels()
        late = self._program.late()
        inputs = {name: setting for name, setting in self._program.inputs.items() if name in statuses}
        for gone in set(self._heard) - set(inputs):
            del self._heard[gone]
            self._alarms.clear("audio.silent", gone)
            self._alarms.clear("audio.clipping", gone)
            self._alarms.clear("audio.late", gone)
        for name, setting in inputs.items():
            heard = self._heard.setdefault(name, _SoundDetectors())
            status, peak = statuses[name], levels[name].peak_db if name in levels else FLOOR_DB
            # What the device itself cuts off or does not hear does not depend on the gain that is given to it here.
            device = peak - setting.gain if status.kind == "microphone" else peak
            open_ = status.kind == "microphone" and status.state == "live" and not setting.muted
            self._say(heard.silence.listen(now, device, open_=open_), _silent(name))
            # In tenths, so that the sentence does not change with every block.
            tenths = round(late.get(name, 0.0) * 10)
            self._say(late.get(name, 0.0) > USUAL_LAG / SAMPLE_RATE, _late(name, f"{tenths / 10:.1f}"))
            self._say(heard.clipping.listen(now, max(peak, device)), _clipping(name, setting.gain, here=peak >= device))

    def _look_at_pictures(self) -> None:
        now, slots, losses = self._clock.now(), self._sources.slots, self._sources.losses()
        statuses = self._sources.pictures()
        for gone in set(self._seen) - set(statuses):
            del self._seen[gone]
            self._alarms.clear("source.black", gone)
            self._alarms.clear("source.unsteady", gone)
        for name, status in statuses.items():
            seen = self._seen.setdefault(name, _PictureDetectors())
            slot = slots.get(name)
            newest = slot.newest() if slot is not None and status.kind in _SEEING and status.state == "live" else None
            self._say(seen.black.look(now, newest is not None and is_black(newest.frame)), _black(name))
            self._say(seen.unsteady.look(now, losses.get(name, 0)), _unsteady(name, status.kind))

    def _say(self, wrong: bool, alarm: Alarm) -> None:
        if wrong:
            self._alarms.put(alarm)
        else:
            self._alarms.clear(alarm.code, alarm.source)


_BLACK: Final = Wording(
    "source.black", "The picture of '{source}' is black. Open its shutter or take off its cover, or restart it."
)
_SILENT: Final = Wording(
    "audio.silent",
    "No sound from '{source}' for a minute. Check the switch on the microphone and its cable, or restart it.",
)
_LATE: Final = Wording(
    "audio.late",
    "The sound of '{source}' is {seconds} s late, so students hear it after the picture. This is common "
    "with wireless headsets: use a cable, or another microphone.",
)
_CLIPPING: Final = Wording(
    "audio.clipping",
    "'{source}' is so loud that it is distorted. Make it quieter here, or in the sound settings of this computer.",
)
_TOO_SLOW: Final = Wording(
    "program.overload",
    "This computer is too slow for the lesson, so the picture stutters. Close other programs; if that does "
    "not help, write 'program: {fps: 15}' in the lesson file and start the lesson again: it continues where it was.",
)
_SOUND_GAPS: Final = Wording(
    "program.sound_lost",
    "This computer is too busy, so parts of the sound are missing. Close other programs; if that does not help, "
    "write 'program: {fps: 15}' in the lesson file and start the lesson again: it continues where it was.",
)
_NO_PICTURE: Final = Wording(
    "program.no_picture",
    "Students get no picture. Retrying automatically; if it is not back in half a minute, stop the lesson "
    "and start it again.",
)
_SOME_NO_PICTURE: Final = Wording(
    "program.some_no_picture",
    "Some students get no picture. Retrying automatically; if it is not back in half a minute, stop the "
    "lesson and start it again.",
)
_NO_SOUND: Final = Wording(
    "program.no_sound",
    "Students get no sound. Retrying automatically; if it is not back in half a minute, stop the lesson "
    "and start it again.",
)
_HANGING: Final = Wording(
    "program.stuck",
    "A part of the program hangs and does not recover. Stop the lesson and start it again; students "
    "reconnect automatically.",
)


def _black(name: str) -> Alarm:
    return Alarm("source.black", _BLACK(source=name), name, RestartSource(name))


def _unsteady(name: str, kind: str) -> Alarm:
    # What a page shares can only be started again there.
    remedy = None if kind == "browser" else RestartSource(name)
    return Alarm("source.unsteady", advice("unsteady", kind, name), name, remedy)


def _silent(name: str) -> Alarm:
    return Alarm("audio.silent", _SILENT(source=name), name, RestartSource(name))


def _late(name: str, seconds: str) -> Alarm:
    return Alarm("audio.late", _LATE(source=name, seconds=seconds), name)


def _clipping(name: str, gain: float, *, here: bool) -> Alarm:
    quieter = SetGain(name, max(BOUNDS["gain"].low, gain - _QUIETER)) if here else None
    return Alarm("audio.clipping", _CLIPPING(source=name), name, quieter)


_OVERLOAD: Final = Alarm("program.overload", _TOO_SLOW())
_SOUND_LOST: Final = Alarm("program.sound_lost", _SOUND_GAPS())
_STUCK: Final = Alarm("program.stuck", _HANGING())
