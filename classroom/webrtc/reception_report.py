"""What a page measures of the lesson that it shows: how late it is, and what of it arrives.

Everything here is said by a browser, which may say anything: a figure that makes no sense counts as not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypedDict, cast, get_args

__all__ = ["Latency", "Quantiles", "Shows", "SoundState", "read_latency", "read_shows"]

SoundState = Literal["playing", "blocked", "off"]
"""Whether the page plays the sound: `blocked` means that the browser waits for a click, `off` that it was muted."""

_LONGEST: Final = 60.0
"""Seconds of delay that are believed."""

_LARGEST_SIDE: Final = 32_768
_MOST_PICTURES: Final = 1000.0
_MOST_FREEZES: Final = 1_000_000_000


class Quantiles(TypedDict):
    """The middle of some delays, and what 95 of 100 of them do not exceed."""

    p50: float
    """Seconds."""
    p95: float
    """Seconds."""


class Latency(TypedDict):
    """How late a page shows and plays the lesson, over the last seconds."""

    p50: float | None
    """Seconds from the making of a picture to the screen; null where no picture is shown."""
    p95: float | None
    """Seconds."""
    clock: float
    """Seconds by which all this may be wrong, because two computers' clocks are compared."""
    sound: Quantiles | None
    """From the microphone to the browser's sound output."""


class Shows(TypedDict):
    """What a page shows and plays."""

    width: int
    """Pixels of the picture that arrives; 0 without one."""
    height: int
    """Pixels."""
    fps: float
    """Pictures a second."""
    freezes: int
    """How often the picture stopped since the connection began."""
    sound: SoundState


def read_latency(value: object) -> Latency | None:
    """The delays that a page reports; None where there are none."""
    if not isinstance(value, Mapping):
        return None
    clock, sound = _figure(value, "clock", _LONGEST), _quantiles(value.get("sound"))
    picture = _quantiles(value)
    if clock is None or (picture is None and sound is None):
        return None
    p50, p95 = (picture["p50"], picture["p95"]) if picture is not None else (None, None)
    return {"p50": p50, "p95": p95, "clock": clock, "sound": sound}


def read_shows(value: object) -> Shows | None:
    """What a page says that it shows; None where it does not say."""
    if not isinstance(value, Mapping) or value.get("sound") not in get_args(SoundState):
        return None
    return {
        "width": int(_figure(value, "width", _LARGEST_SIDE) or 0),
        "height": int(_figure(value, "height", _LARGEST_SIDE) or 0),
        "fps": _figure(value, "fps", _MOST_PICTURES) or 0.0,
        "freezes": int(_figure(value, "freezes", _MOST_FREEZES) or 0),
        "sound": cast("SoundState", value["sound"]),
    }


def _quantiles(value: object) -> Quantiles | None:
    if not isinstance(value, Mapping):
        return None
    p50, p95 = _figure(value, "p50", _LONGEST), _figure(value, "p95", _LONGEST)
    return None if p50 is None or p95 is None else {"p50": p50, "p95": p95}


def _figure(value: Mapping[str, object], key: str, largest: float) -> float | None:
    number = value.get(key)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= largest:
        return None
    return round(float(number), 4)
