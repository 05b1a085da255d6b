"""A mix beside the program has nothing of what it leaves out, not even after Opus."""

from __future__ import annotations

import av
import numpy as np
import pytest

from classroom.common.clock import ManualClock
from classroom.media.frames import SAMPLE_RATE, Encoded, Samples
from classroom.media.side_mix import SideMix
from classroom.media.sound import BLOCK, SoundInput, SoundMixer
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.sound_encoder import SoundEncoder

VOICE, MUSIC = 440.0, 1500.0


def tone(frequency: float, amplitude: float = 0.5) -> SoundBuffer:
    """A second and a half of a tone."""
    buffer, instants = SoundBuffer(), np.arange(SAMPLE_RATE * 3 // 2) / SAMPLE_RATE
    sine = (amplitude * np.sin(2 * np.pi * frequency * instants)).astype(np.float32)
    buffer.write(np.stack([sine, sine], axis=1), 0.0)
    return buffer


def amplitude_db(sound: Samples, frequency: float) -> float:
    """How loud a frequency is in a block, dBFS."""
    window = np.hanning(len(sound))
    wave = np.exp(-2j * np.pi * frequency * np.arange(len(sound)) / SAMPLE_RATE)
    return float(20 * np.log10(2 * abs(np.sum(sound[:, 0] * window * wave)) / window.sum() + 1e-9))


def mixed(voice: float) -> tuple[Samples, Samples, list[Encoded]]:
    """A second of the program, of the mix without microphones, and the packets of that mix."""
    clock, packets = ManualClock(), list[Encoded]()
    encoder = SoundEncoder(bit_rate=96_000, clock=clock, publish=packets.append)
    encoder.activate()
    inputs = {"mic": SoundInput(tone(VOICE, voice), speech=True), "film": SoundInput(tone(MUSIC, 0.25))}
    mixer = SoundMixer(inputs=inputs, clock=clock, deliver=lambda *_: None)
    mix = SideMix(leaves_out=lambda each: each.speech, deliver=encoder.encode)
    mixer.attach(mix)
    program, teacher = [], []
    for number in range(50):
        program.append(mixer.mix(number * BLOCK))
        teacher.append(mixer.mix_beside(mix))
        mix.deliver(teacher[-1], number * BLOCK, number * 0.02)
    return np.concatenate(program), np.concatenate(teacher), packets


# The louder voice holds the program's limiter down all the time.
@pytest.mark.parametrize("voice", [0.2, 0.9])
def test_a_voice_is_absent_from_the_mix_that_leaves_it_out_and_the_rest_is_as_loud_as_ever(voice: float) -> None:
    program, teacher, packets = mixed(voice)
    decoder = av.CodecContext.create("libopus", "r")
    frames = [frame for each in packets for frame in decoder.decode(each.packet)]
    assert {frame.format.name for frame in frames} == {"s16"}
    heard: Samples = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in frames]).astype(np.float32)
    heard /= 32768
    settled = slice(SAMPLE_RATE // 5, SAMPLE_RATE * 9 // 10)
    assert amplitude_db(program[settled], VOICE) > -20
    assert amplitude_db(teacher[settled], VOICE) < -90
    assert amplitude_db(heard[settled], VOICE) < -50
    assert amplitude_db(teacher[settled], MUSIC) == pytest.approx(20 * np.log10(0.25), abs=0.1)
    assert amplitude_db(heard[settled], MUSIC) == pytest.approx(20 * np.log10(0.25), abs=1.0)


def test_a_mix_that_is_detached_is_made_no_more() -> None:
    delivered: list[int] = []
    mixer = SoundMixer(inputs={"mic": SoundInput(tone(VOICE))}, clock=ManualClock(), deliver=lambda *_: None)
    mix = SideMix(leaves_out=lambda each: False, deliver=lambda _block, pts, _captured: delivered.append(pts))
    mixer.attach(mix)
    mixer.mix(0)
    mixer._deliver_beside(0, 0.0)
    mixer.detach(mix)
    mixer._deliver_beside(BLOCK, 0.02)
    assert delivered == [0]


def test_a_mix_that_fails_costs_the_others_nothing() -> None:
    delivered: list[int] = []

    def fail(*_: object) -> None:
        raise ValueError

    mixer = SoundMixer(inputs={"mic": SoundInput(tone(VOICE))}, clock=ManualClock(), deliver=lambda *_: None)
    mixer.attach(SideMix(leaves_out=lambda each: False, deliver=fail))
    mixer.attach(SideMix(leaves_out=lambda each: False, deliver=lambda _block, pts, _captured: delivered.append(pts)))
    mixer.mix(0)
    mixer._deliver_beside(0, 0.0)
    assert delivered == [0]
