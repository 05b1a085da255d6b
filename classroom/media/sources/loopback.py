"""Sound inputs that hear what the computer plays, told from microphones by their names.

Sound cards and virtual cables offer such an input as one more microphone, and nothing but its name says what it is.
Windows shows that name in the language of the system.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from classroom.media.sources.portaudio import FoundMicrophone

__all__ = ["loopbacks"]


def _plain(text: str) -> str:
    """A name without blanks, hyphens, accents and capitals: drivers write 'Stereo Mix', 'Stereomix', 'Stereo-mix'."""
    return "".join(each for each in unicodedata.normalize("NFKD", text).casefold() if each.isalnum())


# The best first: an input of the sound card hears everything that the loudspeakers play. A virtual cable is installed
# on many computers for another purpose, and hears only what plays into it.
_NAMES: Final = tuple(
    _plain(name)
    for name in (
        "Loopback",  # ALSA's snd-aloop, Rogue Amoeba's, many a USB interface, and "[Loopback]" of newer PortAudio
        "Stereo Mix",
        "Mixage stéréo",
        "Mix stéréo",
        "Mezcla estéreo",
        "Missaggio stereo",
        "Mixagem estéreo",
        "Mistura estéreo",
        "Miks stereo",
        "Stereo Karışım",
        "Стерео микшер",
        "立体声混音",
        "立體聲混音",
        "ステレオ ミキサー",
        "ステレオ ミックス",
        "스테레오 믹스",
        "What U Hear",
        "Wave Out Mix",
        "Rec. Playback",
        "Monitor of",  # PulseAudio, where PortAudio speaks to it itself
        "BlackHole",
        "Soundflower",
        "iShowU",
        "Background Music",
        "VB-Audio",  # CABLE Output, Voicemeeter; the end of a long name is cut off on Windows
        "VB-Cable",
        "CABLE Output",
        "Virtual Audio Cable",
    )
)


def loopbacks(found: Iterable[FoundMicrophone]) -> list[FoundMicrophone]:
    """Those that hear what the computer plays, the best first."""
    ranked = [(_rank(each.label), each) for each in found]
    hearing = [(rank, each) for rank, each in ranked if rank is not None]
    hearing.sort(key=lambda item: (not item[1].native, item[0], not _is_far_end(item[1].label)))
    return [each for _, each in hearing]


def _rank(label: str) -> int | None:
    plain = _plain(label)
    return next((rank for rank, name in enumerate(_NAMES) if name in plain), None)


def _is_far_end(label: str) -> bool:
    """ALSA's loopback has two ends, and programs play into the first: 'Loopback: PCM (hw:1,0)'."""
    return label.endswith(",1)")
