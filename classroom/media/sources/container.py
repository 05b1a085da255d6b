"""Opens what libav can read, and what it could read but does not recognise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import av
from av.container import InputContainer

__all__ = ["open_container"]

_HTTP: Final = ("http://", "https://")

_BARE_PICTURES: Final = {"probesize": "32"}
"""libav would read pictures for seconds to guess their rate, before it gives out the first one."""

_JPEG: Final = b"\xff\xd8"
"""How each picture begins; no text has these bytes."""


def open_container(address: str, options: Mapping[str, str], timeout: tuple[float, float]) -> InputContainer:
    """An open file or stream; ``timeout`` is (for opening, for reading), seconds. Raises what libav raises.

    Some cameras send JPEG pictures over HTTP without a boundary before the first one. Browsers skip what they do not
    know; libav refuses it. It is then read as bare pictures, each of which ends where the next one begins.
    """
    try:
        return av.open(address, "r", options=dict(options), timeout=timeout)
    except av.InvalidDataError:
        pictures = _bare_pictures(address, options, timeout) if address.startswith(_HTTP) else None
        if pictures is None:
            raise
        return pictures


def _bare_pictures(address: str, options: Mapping[str, str], timeout: tuple[float, float]) -> InputContainer | None:
    """The stream without its first picture, which shows that it has some; None where it has none."""
    container = av.open(address, "r", format="mjpeg", options={**options, **_BARE_PICTURES}, timeout=timeout)
    try:
        first = next(container.demux(video=0))
    except (av.FFmpegError, StopIteration):
        first = None
    if first is not None and _JPEG in bytes(first):
        return container
    container.close()
    return None
