from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest

from classroom.common.clock import ManualClock, SystemClock
from classroom.common.errors import DeviceError
from classroom.media.frames import SAMPLE_RATE
from classroom.media.sources import portaudio
from classroom.media.sources.microphone import Microphone
from classroom.media.sources.portaudio import find_microphones
from classroom.media.supervisor import SourceRunner
from tests.support.sound_library import Library, PortAudioError
from tests.support.waiting import wait_for


@contextmanager
def opened(clock: ManualClock, device: str = "default") -> Iterator[Microphone]:
    microphone = Microphone(name="mic", clock=clock, device=device)
    with closing(microphone):
        microphone.open()
        yield microphone


def test_a_mono_microphone_sounds_on_both_sides_at_the_time_it_heard(library: Library) -> None:
    library.add("Headset")
    clock = ManualClock(50.0)
    samples = np.linspace(-0.5, 0.5, 480, dtype=np.float32)
    with opened(clock) as microphone:
        assert microphone.sound is not None
        library.streams[0].deliver(samples.reshape(-1, 1), age=0.025)
        microphone.read()
        assert microphone.sound.end == pytest.approx(50.0 - 0.025 + 0.01, abs=1e-4)
        heard = microphone.sound.read(50.0 - 0.025, 480)
    assert np.array_equal(heard, np.stack([samples, samples], axis=1))
    assert library.streams[0].closed


def test_a_stereo_microphone_keeps_its_sides_and_the_buffer_of_the_driver_may_be_reused(library: Library) -> None:
    library.add("Mixer", channels=18)
    clock = ManualClock(50.0)
    block = np.stack([np.full(480, 0.25), np.full(480, -0.5)], axis=1).astype(np.float32)
    with opened(clock) as microphone:
        assert microphone.sound is not None
        assert library.streams[0].options["channels"] == 2
        library.streams[0].deliver(block)
        block[:] = 9.0
        microphone.read()
        assert (microphone.sound.read(49.99, 480) == (0.25, -0.5)).all()


def test_a_driver_without_times_is_taken_to_have_ended_the_block_just_now(library: Library) -> None:
    library.add("Cheap")
    with opened(ManualClock(50.0)) as microphone:
        assert microphone.sound is not None
        library.streams[0].deliver(np.zeros((480, 1), np.float32), age=-3.0)
        microphone.read()
        assert microphone.sound.end == pytest.approx(50.0, abs=1e-4)


def test_a_device_of_another_rate_is_resampled(library: Library) -> None:
    library.add("USB", rate=44100.0)
    library.rates = {44100.0}
    clock = ManualClock(50.0)
    with opened(clock) as microphone:
        assert microphone.sound is not None
        assert library.streams[0].options["samplerate"] == 44100
        wave = 0.5 * np.sin(2 * np.pi * 1000 / 44100 * np.arange(44100, dtype=np.float64)).astype(np.float32)
        for start in range(0, 44100, 441):
            clock.advance(0.01)
            library.streams[0].deliver(wave[start : start + 441].reshape(-1, 1))
            microphone.read()
        heard = microphone.sound.read(50.2, SAMPLE_RATE // 2)[:, 0]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert np.argmax(spectrum) * 2 == pytest.approx(1000, abs=4)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("device", "index"),
    [("default", 1), ("Headset: USB Audio", 0), ("headset: usb audio", 0), ("webcam", 1), ("Elsewhere", 3)],
)
def test_a_microphone_is_named_by_default_name_or_a_part_of_it(library: Library, device: str, index: int) -> None:
    library.add("Headset: USB Audio")
    library.add("Webcam Microphone")
    library.add("Headset: USB Audio", interface=1)
    library.add("Elsewhere", interface=1)
    library.add("Loudspeaker", channels=0)
    library.default = 1
    with opened(ManualClock(), device):
        assert library.streams[0].options["device"] == index


def test_microphones_are_listed_once_without_loudspeakers(library: Library) -> None:
    library.add("Loudspeaker", channels=0)
    library.add("Headset", interface=1)
    library.add("Webcam")
    library.add("Headset")
    library.default = 2
    assert [microphone.label for microphone in find_microphones()] == ["Webcam", "Headset"]


def test_an_unknown_name_lists_the_known_ones(library: Library) -> None:
    library.add("Headset")
    with (
        pytest.raises(DeviceError, match=r"'Violin' was not found\. There is 'Headset'"),
        opened(ManualClock(), "Violin"),
    ):
        pass


@pytest.mark.parametrize(
    ("system", "advice"),
    [("Linux", "libasound2-plugins"), ("Darwin", "Privacy & Security, Microphone"), ("Windows", "Privacy, Microphone")],
)
def test_no_microphone_is_a_sentence(
    library: Library, monkeypatch: pytest.MonkeyPatch, system: str, advice: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    with pytest.raises(DeviceError, match=f"No microphone was found.*{advice}"), opened(ManualClock()):
        pass


def test_a_missing_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match="need the extra audio"), opened(ManualClock()):
        pass


def test_a_missing_portaudio_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    monkeypatch.setattr("platform.system", lambda: "Linux")
    with pytest.raises(DeviceError, match="apt install libportaudio2"), opened(ManualClock()):
        pass


def test_a_device_that_is_taken_is_a_sentence(library: Library) -> None:
    library.add("Headset")
    library.refuse_start = True
    sentence = r"'Headset' cannot be opened\. Close other programs"
    with pytest.raises(DeviceError, match=sentence) as caught, opened(ManualClock()):
        pass
    assert isinstance(caught.value.__cause__, PortAudioError)
    assert library.streams[0].closed


def test_sound_that_was_lost_is_counted_and_logged_once(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    library.add("Headset")
    with opened(ManualClock(50.0)) as microphone:
        for number in range(3):
            library.streams[0].deliver(np.zeros((480, 1), np.float32), overflow=number == 1)
            microphone.read()
        assert microphone.overruns == 1
        assert caplog.text.count("overruns") == 1


def test_a_reader_that_does_not_come_loses_sound_and_not_memory(library: Library) -> None:
    library.add("Headset")
    with opened(ManualClock(50.0)) as microphone:
        for _ in range(150):
            library.streams[0].deliver(np.zeros((480, 1), np.float32))
        assert microphone.overruns == 50
        for _ in range(110):
            microphone.read()
        assert microphone.taken == 100


@pytest.mark.parametrize("how", ["inactive", "silent"])
def test_a_microphone_that_stops_is_lost(library: Library, how: str) -> None:
    library.add("Headset")
    clock = ManualClock(50.0)
    with opened(clock) as microphone:
        microphone.read()
        if how == "inactive":
            library.streams[0].active = False
        else:
            clock.advance(2.1)
        with pytest.raises(DeviceError, match="'Headset' stopped"):
            microphone.read()


def test_a_microphone_plugged_in_again_is_found_after_listing_anew(library: Library) -> None:
    library.add("Headset")
    microphone = Microphone(name="mic", clock=SystemClock())
    runner = SourceRunner(microphone, SystemClock(), lambda: None, back_off=(0.01,))
    again, library.plugged_in = library.devices, []
    ending = threading.Event()

    def play() -> None:
        while not ending.wait(0.01):
            for stream in list(library.streams):
                if stream.active:
                    stream.deliver(np.zeros((480, 1), np.float32))

    player = threading.Thread(target=play)
    player.start()
    runner.start()
    try:
        wait_for(lambda: runner.status.state == "live")
        library.streams[0].active = False
        wait_for(lambda: "'Headset' is disconnected, and no other microphone" in (runner.status.why or ""))
        assert runner.status.state == "lost"
        library.plugged_in = again
        wait_for(lambda: runner.status.state == "live")
    finally:
        runner.stop()
        ending.set()
        player.join()
    assert all(stream.closed for stream in library.streams)


def test_another_microphone_is_not_cut_off_while_it_is_being_opened(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add("Headset")
    library.add("Webcam")
    second = Microphone(name="second", clock=ManualClock(), device="Webcam")
    second.open()
    second.close()
    make = library.InputStream

    def slowly(**options: object) -> object:
        # Opening takes a while, and meanwhile the other one looks for its device again.
        monkeypatch.setattr(library, "InputStream", make)
        second.open()
        second.close()
        return make(**options)

    monkeypatch.setattr(library, "InputStream", slowly)
    with opened(ManualClock(), "Headset"):
        assert library.listed_anew == 0
    with closing(second):
        second.open()
        assert library.listed_anew == 1


def test_a_microphone_that_cannot_be_opened_is_looked_for_again(library: Library) -> None:
    library.add("Headset")
    missing = Microphone(name="mic", clock=ManualClock(), device="Webcam")
    for number in range(3):
        with pytest.raises(DeviceError):
            missing.open()
        assert library.listed_anew == number
    library.refuse_start = True
    missing = Microphone(name="mic", clock=ManualClock(), device="Headset")
    for number in range(3):
        with pytest.raises(DeviceError):
            missing.open()
        missing.close()
        assert library.listed_anew == 2 + number


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What the system says of its sound inputs, in the place of what this machine says."""
    said: list[str | None] = ["as it was"]
    monkeypatch.setattr(portaudio, "sound_arrangement", lambda: said[0])
    return said


def test_another_open_microphone_is_not_cut_off_while_nothing_was_plugged_in(
    library: Library, cards: list[str | None]
) -> None:
    library.add("Headset")
    library.add("Webcam")
    with opened(ManualClock(), "Headset"):
        microphone = Microphone(name="second", clock=ManualClock(), device="Webcam")
        for _ in range(3):
            microphone.open()
            microphone.close()
        assert library.listed_anew == 0
    with closing(microphone):
        microphone.open()
        assert library.listed_anew == 1


@pytest.mark.parametrize("system_tells", [True, False])
def test_a_microphone_plugged_in_again_is_found_while_another_is_open(
    library: Library, cards: list[str | None], system_tells: bool
) -> None:
    """All are closed, listed anew and opened in one errand: PortAudio asserts here that no stream is open then."""
    if not system_tells:
        cards[0] = None
    library.add("Headset")
    library.add("Webcam")
    clock = ManualClock(50.0)
    with opened(clock, "Webcam") as other:
        mine = Microphone(name="mic", clock=clock, device="Headset")
        mine.open()
        library.streams[-1].active = False
        with pytest.raises(DeviceError, match="stopped"):
            mine.read()
        mine.close()
        # Without it the webcam has another number, and a third one has its old number.
        library.plugged_in = []
        together = library.devices
        library.devices = library.plugged_in
        library.add("Other")
        library.add("Third")
        library.add("Webcam")
        cards[0] = "without the headset" if system_tells else None
        with pytest.raises(DeviceError, match="'Headset' is disconnected"):
            mine.open()
        assert library.listed_anew == 1
        assert library.streams[-1].options["device"] == 2
        assert other.sound is not None
        library.streams[-1].deliver(np.full((480, 1), 0.25, np.float32))
        other.read()
        assert (other.sound.read(49.99, 480) == 0.25).all()
        library.plugged_in = together
        if system_tells:
            cards[0] = "with it again"
        else:
            portaudio._shared.listed -= 20.0
        with closing(mine):
            mine.open()
            assert library.listed_anew == 2
            assert [(stream.options["device"], stream.active) for stream in library.streams[-2:]] == [
                (1, True),
                (0, True),
            ]
            for stream in library.streams[-2:]:
                stream.deliver(np.zeros((480, 1), np.float32))
            for microphone in (other, mine):
                taken = microphone.taken
                microphone.read()
                assert microphone.taken == taken + 1


def test_who_loses_its_device_in_that_errand_says_so(library: Library, cards: list[str | None]) -> None:
    library.add("Headset")
    library.add("Webcam")
    with opened(ManualClock(), "Webcam") as other:
        mine = Microphone(name="mic", clock=ManualClock(), device="Headset")
        mine.open()
        mine.close()
        library.plugged_in, cards[0] = [], "nothing"
        with pytest.raises(DeviceError, match="is disconnected"):
            mine.open()
        with pytest.raises(DeviceError, match="'Webcam' stopped"):
            other.read()


def test_the_default_microphone_is_the_one_it_was_and_no_other_takes_its_place(library: Library) -> None:
    library.add("Headset")
    library.add("Room microphone")
    microphone = Microphone(name="mic", clock=ManualClock())
    microphone.open()
    microphone.close()
    library.plugged_in = [{**library.devices[1], "index": 0}]
    with pytest.raises(DeviceError, match="'Headset' is disconnected, and no other microphone replaces it"):
        microphone.open()
    assert len(library.streams) == 1
    recalled = Microphone(name="mic", clock=ManualClock())
    assert microphone.known is not None
    recalled.recall(microphone.known)
    assert recalled.comes_back
    with pytest.raises(DeviceError, match="'Headset' is disconnected"):
        recalled.open()
    microphone.choose_again()
    with closing(microphone):
        microphone.open()
        assert microphone.known.label == "Room microphone"
