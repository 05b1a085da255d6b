"""The sound of this computer: what it plays, such as a film in another window.

PulseAudio and PipeWire offer it without further setup. Elsewhere a sound card or a virtual cable offers it as one more
microphone, which is known by its name; where there is none, a sentence says what to install.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Final

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.sentences import Sentence, Wording
from classroom.media.sources.base import KnownDevice
from classroom.media.sources.chosen import ChosenSource
from classroom.media.sources.desktop_audio import DesktopAudio, desktop_audio_tool
from classroom.media.sources.loopback import loopbacks
from classroom.media.sources.portaudio import FoundMicrophone, PortAudio
from classroom.media.sources.sound_device import SoundDevice

__all__ = ["ComputerSound", "missing_offer"]

_QUIET: Final = 1.0
"""Seconds without a block after which it is taken for silence: where nothing is played, nothing may be sent."""

_ADVICE: Final = {
    "Darwin": Wording(
        "computer.none_on_mac",
        "macOS does not offer the computer's sound to programs. Install BlackHole "
        "(existential.audio/blackhole) and let the computer play into it; then it is found.",
    ),
    "Linux": Wording(
        "computer.none_on_linux",
        "The computer's sound needs parec (Debian, Ubuntu: sudo apt install pulseaudio-utils). Without "
        "PulseAudio and PipeWire, use an ALSA loopback: sudo modprobe snd-aloop.",
    ),
    "Windows": Wording(
        "computer.none_on_windows",
        "Windows offers the computer's sound as a recording device. Enable 'Stereo Mix' in the recording "
        "devices, or install a virtual cable (vb-audio.com/Cable) and let the computer play into it; then "
        "it is found.",
    ),
}
_NOT_OFFERED: Final = Wording("computer.not_offered", "This system does not offer the computer's sound.")
_UNKNOWN: Final = Wording(
    "computer.unknown",
    "The sound input '{device}' was not found. Plug it in, or use a name that 'classroom devices' lists.",
)
_NOUN: Final = Wording("device.sound_input", "sound input")


class ComputerSound(ChosenSource):
    """What this computer plays, at 48 kHz in stereo; ``device`` is ``default`` or the name of a sound input."""

    kind = "computer"

    def __init__(self, *, name: str, clock: Clock, device: str = "default") -> None:
        super().__init__(name=name, clock=clock, sound=True)
        self._device = device
        self._desktop_audio = DesktopAudio(clock)
        self._recorder = SoundDevice(name=name, noun=_NOUN(), clock=clock)
        self._from: DesktopAudio | SoundDevice = self._desktop_audio
        self._heard = 0.0

    def open(self) -> None:
        """Begin to listen; DeviceError where nothing offers this, saying what to do."""
        self._heard = self.clock.now()
        if self._device != "default":
            self._record(PortAudio(), self._named)
            self._known = KnownDevice(self._recorder.label, self._recorder.label)
        elif platform.system() == "Linux":
            self._open_on_linux()
        else:
            self._record(PortAudio(), _best(DeviceError(missing_offer())))

    def read(self) -> None:
        """Write what came into the sound buffer; DeviceError when what offers it is gone."""
        assert self.sound is not None
        block = self._from.read()
        if block is not None:
            self.sound.write(*block)
        elif self.clock.now() - self._heard < _QUIET:
            return
        self._heard = self.clock.now()
        self.taken += 1

    def close(self) -> None:
        """Stop listening."""
        self._from.close()

    @property
    def requested_device(self) -> object:
        """The sound input that the lesson names."""
        return (self.kind, self._device)

    def _open_on_linux(self) -> None:
        trouble = DeviceError(missing_offer())
        if (tool := desktop_audio_tool()) is not None:
            try:
                self._desktop_audio.open(tool)
            except DeviceError as error:
                trouble = error
            else:
                self._from = self._desktop_audio
                return
        try:
            audio = PortAudio()
        except DeviceError:
            raise trouble from None
        self._record(audio, _best(trouble))

    def _record(self, audio: PortAudio, choose: Callable[[PortAudio], FoundMicrophone]) -> None:
        self._from = self._recorder
        self._recorder.open(audio, choose)

    def _named(self, audio: PortAudio) -> FoundMicrophone:
        found = audio.named(self._device) if self._known is None else audio.exactly(self._known.identity)
        if found is None:
            raise DeviceError(_UNKNOWN(device=self._device))
        return found


def _best(otherwise: DeviceError) -> Callable[[PortAudio], FoundMicrophone]:
    """Chooses what hears the computer best, or raises what is given."""

    def choose(audio: PortAudio) -> FoundMicrophone:
        found = loopbacks(audio.find())
        if not found:
            raise otherwise
        return found[0]

    return choose


def missing_offer() -> Sentence:
    """What to say where nothing offers the sound of the computer."""
    return _ADVICE.get(platform.system(), _NOT_OFFERED)()
