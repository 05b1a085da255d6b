"""What is wrong with a source, and what a teacher does about it: that depends on what kind of source it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from classroom.common.sentences import Sentence, Wording

__all__ = ["Trouble", "advice"]

Trouble = Literal["stalled", "frozen", "stuck", "unsteady"]
"""It sends nothing; it sends the same again and again; its driver never returns; it is lost again and again."""

_BUSY: Final = Wording(
    "source.stuck_busy",
    "'{source}' has not answered for {seconds} s. Close programs that keep this computer busy, then restart it.",
)

_KINDS: Final[Mapping[Trouble, Mapping[str, Wording]]] = {
    "stalled": {
        "screen": Wording(
            "source.stalled_screen",
            "'{source}' sends no picture. Unlock this computer and turn on its screen, or restart the source.",
        ),
        "drawn": Wording(
            "source.stalled_drawn",
            "'{source}' sends no picture because this computer is too busy. Close other programs, or restart it.",
        ),
        "stream": Wording(
            "source.stalled_stream",
            "'{source}' sends no picture. Check the network, and whether the device that sends it is on.",
        ),
        "file": Wording(
            "source.stalled_file",
            "'{source}' does not play on. Check the drive or the network folder that it is on, or restart it.",
        ),
        "browser": Wording(
            "source.stalled_browser",
            "'{source}' sends no picture. Look at the device that shares it: its page must be open and its screen on.",
        ),
    },
    "frozen": {
        "stream": Wording(
            "source.frozen_stream",
            "'{source}' keeps sending the same picture. Restart the device that sends it, or restart it here.",
        ),
        "browser": Wording(
            "source.frozen_browser",
            "'{source}' keeps sending the same picture. Stop and share again on the device that shares it.",
        ),
    },
    "stuck": {
        "screen": _BUSY,
        "drawn": _BUSY,
        "browser": _BUSY,
        "stream": Wording(
            "source.stuck_stream",
            "'{source}' has not answered for {seconds} s. Check the network and the device that sends it, "
            "then restart it.",
        ),
        "file": Wording(
            "source.stuck_file",
            "'{source}' has not answered for {seconds} s. Check the drive or the network folder that it is on, then "
            "restart it.",
        ),
        "computer": Wording(
            "source.stuck_computer",
            "'{source}' has not answered for {seconds} s. Check that this computer plays sound, then restart it.",
        ),
    },
    "unsteady": {
        "screen": Wording(
            "source.unsteady_screen",
            "'{source}' keeps dropping out because this computer is too busy. Close other programs, or write a smaller "
            "'fps' for it in the lesson file.",
        ),
        "drawn": Wording(
            "source.unsteady_drawn",
            "'{source}' keeps dropping out because this computer is too busy. Close other programs.",
        ),
        "stream": Wording(
            "source.unsteady_stream",
            "'{source}' keeps dropping out. Connect the device that sends it by cable, or let it send "
            "a smaller picture.",
        ),
        "file": Wording(
            "source.unsteady_file",
            "'{source}' keeps stopping. Copy the file to a drive of this computer, and close other programs.",
        ),
        "browser": Wording(
            "source.unsteady_browser",
            "'{source}' keeps dropping out. Bring the device that shares it closer to the wireless "
            "router, or share again.",
        ),
    },
}
_SAME_AS: Final = {"slides": "file", "card": "drawn", "pattern": "drawn", "tone": "drawn"}
"""Kinds that fail as another one does."""

_DEVICE: Final[Mapping[Trouble, Wording]] = {
    "stalled": Wording("source.stalled", "'{source}' sends no picture. Check its cable, or restart it."),
    "frozen": Wording(
        "source.frozen",
        "'{source}' keeps sending the same picture. Plug it in again or restart it; if its picture is meant to "
        "be still, write 'frozen: ignore' for it in the lesson file.",
    ),
    "stuck": Wording("source.stuck", "'{source}' has not answered for {seconds} s. Plug it in again, then restart it."),
    "unsteady": Wording("source.unsteady", "'{source}' keeps dropping out. Check its cable, or use another port."),
}
"""For a camera and a microphone."""


def advice(trouble: Trouble, kind: str, source: str, seconds: float | None = None) -> Sentence:
    """What to say of a source of this kind; ``seconds`` is for how long one that is stuck has not answered."""
    wording = _KINDS[trouble].get(_SAME_AS.get(kind, kind), _DEVICE[trouble])
    gaps = {} if seconds is None else {"seconds": f"{seconds:g}"}
    return wording(source=source, **gaps)
