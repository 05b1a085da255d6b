"""What the system says of its sound inputs, with stand-ins for the libraries of other systems."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from classroom.media.sources import sound_arrangement as module
from classroom.media.sources.sound_arrangement import sound_arrangement


def test_on_linux_the_cards_of_alsa_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(module, "_CARDS", cards)
    assert sound_arrangement() is None
    cards.write_text(" 0 [PCH]: HDA-Intel")
    before = sound_arrangement()
    cards.write_text(" 0 [PCH]: HDA-Intel\n 1 [Headset]: USB-Audio")
    assert None not in (before, sound_arrangement())
    assert sound_arrangement() != before


def test_on_windows_the_names_of_the_inputs_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["Microphone (Realtek)", "Headset"]

    def describe(number: Any, found: Any, size: int) -> int:
        assert size == 80, "the size that Windows knows"
        for place, letter in enumerate(names[number.value]):
            found._obj.name[place] = ord(letter)
        return 0

    winmm = SimpleNamespace(waveInGetNumDevs=lambda: len(names), waveInGetDevCapsW=describe)
    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: winmm, raising=False)
    assert sound_arrangement() == "Microphone (Realtek)\nHeadset"
    names.pop()
    assert sound_arrangement() == "Microphone (Realtek)"


def test_on_a_mac_the_numbers_of_the_devices_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    present = [41, 55]

    def get(subject: Any, address: Any, _size: Any, _data: None, size: Any, devices: Any) -> int:
        assert (subject.value, address._obj.selector) == (1, 0x64657623)
        devices[: len(present)] = present
        size._obj.value = 4 * len(present)
        return 0

    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda path: SimpleNamespace(AudioObjectGetPropertyData=get))
    assert sound_arrangement() == "41 55"
    present.pop()
    assert sound_arrangement() == "41"


@pytest.mark.parametrize("system", ["Windows", "Darwin", "Plan 9"])
def test_a_system_that_cannot_be_asked_says_nothing(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    assert sound_arrangement() is None
