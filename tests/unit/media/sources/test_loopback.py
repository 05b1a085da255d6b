from __future__ import annotations

import pytest

from classroom.media.sources.loopback import loopbacks
from classroom.media.sources.portaudio import FoundMicrophone


def found(*labels: str, native: bool = True) -> list[FoundMicrophone]:
    return [FoundMicrophone(label, number, 2, 48000.0, native) for number, label in enumerate(labels)]


def names(inputs: list[FoundMicrophone]) -> list[str]:
    return [each.label for each in loopbacks(inputs)]


@pytest.mark.parametrize(
    "label",
    [
        "Stereo Mix (Realtek(R) Audio)",
        "Stereomix (Realtek High Definit",
        "Stereo-mix (Realtek Audio)",
        "Mixage stéréo (Realtek(R) Audio)",
        "Mixage ste\u0301re\u0301o (IDT High Def",
        "Mezcla estéreo (Realtek Audio)",
        "Missaggio stereo (Realtek Audio)",
        "Mixagem estéreo (Realtek Audio)",
        "Miks stereo (Realtek Audio)",
        "Stereo Karışımı (Realtek Audio)",
        "Стерео микшер (Realtek Audio)",
        "立体声混音 (Realtek(R) Audio)",
        "立體聲混音 (Realtek Audio)",
        "ステレオ ミキサー (Realtek Audio)",
        "스테레오 믹스(Realtek Audio)",
        "What U Hear (Sound Blaster Z)",
        "Wave Out Mix (SigmaTel Audio)",
        "Speakers (Realtek(R) Audio) [Loopback]",
        "CABLE Output (VB-Audio Virtual ",
        "CABLE-A Output (VB-Audio Cable A",
        "Voicemeeter Out B1 (VB-Audio Voi",
        "Line 1 (Virtual Audio Cable)",
        "BlackHole 2ch",
        "BlackHole 16ch",
        "Loopback Audio",
        "Soundflower (2ch)",
        "Loopback: PCM (hw:1,1)",
        "Monitor of Built-in Audio Analog Stereo",
    ],
)
def test_what_hears_the_computer_is_known_by_its_name(label: str) -> None:
    assert names(found("Headset", label)) == [label]


def test_microphones_are_none_of_them() -> None:
    assert (
        names(
            found(
                "Microsoft Sound Mapper - Input",
                "麦克风阵列 (Realtek(R) Audio)",
                "Stereo Microphone (USB)",
                "MacBook Pro Microphone",
                "Mixer: USB Audio (hw:2,0)",
                "Line In (Realtek Audio)",
                "pulse",
                "default",
            )
        )
        == []
    )


def test_what_hears_the_loudspeakers_comes_before_a_cable_and_the_systems_own_before_others() -> None:
    cable, mix = "CABLE Output (VB-Audio Virtual Cable)", "Stereo Mix (Realtek)"
    assert names(found(cable, mix)) == [mix, cable]
    assert names(found(cable) + found(mix, native=False)) == [cable, mix]


def test_of_the_two_ends_of_an_alsa_loopback_the_far_one_hears() -> None:
    assert names(found("Loopback: PCM (hw:1,0)", "Loopback: PCM (hw:1,1)"))[0] == "Loopback: PCM (hw:1,1)"
