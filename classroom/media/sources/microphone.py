"""A microphone, through PortAudio."""

from __future__ import annotations

from typing import Final

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.media.sources.base import KnownDevice
from classroom.media.sources.chosen import ChosenSource
from classroom.media.sources.portaudio import FoundMicrophone, PortAudio
from classroom.media.sources.sound_device import SoundDevice

__all__ = ["Microphone"]

_BUNCHES: Final = 10.0
"""How often a second sound comes at least: some sound systems hand over several blocks at once."""

_SILENCE: Final = 2.0
"""Seconds without a block after which a microphone counts as lost: a quiet room still gives blocks of zeros."""

_GONE: Final = Wording(
    "microphone.gone",
    "The microphone '{microphone}' is disconnected, and no other microphone replaces it. It opens again "
    "when you plug it in; restart it to use another.",
)
_NOUN: Final = Wording("device.microphone", "microphone")


class Microphone(ChosenSource):
    """A microphone by its name or ``default``, at 48 kHz; mono sounds on both sides.

    ``default`` is the one that the system takes when it is first opened. When that is gone no other is heard in its
    place: somebody who takes a headset off does not expect that the room is heard from then on.
    """

    kind = "microphone"

    def __init__(self, *, name: str, clock: Clock, device: str = "default") -> None:
        super().__init__(name=name, clock=clock, sound=True)
        self.expected_rate = _BUNCHES
        self._device = device
        self._recorder = SoundDevice(name=name, noun=_NOUN(), clock=clock)

    @property
    def overruns(self) -> int:
        """How often sound was lost because this machine was late."""
        return self._recorder.overruns

    def open(self) -> None:
        """Open the device; DeviceError when there is none, or PortAudio is missing."""
        self._recorder.open(PortAudio(), self._choose)
        self._known = KnownDevice(self._recorder.label, self._recorder.label)

    @property
    def requested_device(self) -> object:
        """The microphone that the lesson names."""
        return (self.kind, self._device)

    def _choose(self, audio: PortAudio) -> FoundMicrophone:
        if self._known is None:
            return audio.choose(self._device)
        found = audio.exactly(self._known.identity)
        if found is None:
            raise DeviceError(_GONE(microphone=self._known.label))
        return found

    def read(self) -> None:
        """Write the next block that the device gave into the sound buffer."""
        assert self.sound is not None
        block = self._recorder.read()
        if block is not None:
            self.sound.write(*block)
            self.taken += 1
        elif self._recorder.quiet > _SILENCE:
            raise self._recorder.stopped()

    def close(self) -> None:
        """Close the device."""
        self._recorder.close()
