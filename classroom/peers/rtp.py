"""What aiortc does not offer by itself: the RTP header extension playout-delay, which takes a browser's cushion away.

A browser holds pictures back by some tens of milliseconds against a jitter that a clean network does not have. The
extension (http://www.webrtc.org/experiments/rtp-hdrext/playout-delay) tells it how long to hold them at least and at
most. aiortc has no hook for it, so this file, and no other, reaches into it: it adds the extension to the list that
is negotiated, and puts a class of its own in the place of ``aiortc.rtp.HeaderExtensionsMap``. The names it relies on
are in ``RELIED_ON``; where one is missing, ``install`` says so, and everything works without the extension.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Final

import aiortc.codecs
import aiortc.rtcrtpsender
import aiortc.rtp
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters

__all__ = ["RELIED_ON", "PlayoutDelay", "delaying", "install"]

logger = logging.getLogger(__name__)

_URI: Final = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
_ID: Final = 5
_ONE_BYTE_HEADERS: Final = 0xBEDE
"""The profile of one-byte extension headers (RFC 8285, section 4.2)."""

_UNIT: Final = 10
"""Milliseconds in a unit of the extension."""

_LONGEST: Final = 0xFFF

RELIED_ON: Final = (
    (aiortc.codecs, "HEADER_EXTENSIONS"),
    (aiortc.rtp, "HeaderExtensionsMap"),
    (aiortc.rtcrtpsender, "rtp"),
)
"""What of aiortc is changed or replaced: (module, name)."""

_for_new_senders: ContextVar[PlayoutDelay | None] = ContextVar("playout delay of new senders", default=None)


class PlayoutDelay:
    """How long one student's browser is to hold pictures back, in milliseconds; may change at any time.

    0 and 0 means to show each picture as soon as it can be decoded.
    """

    def __init__(self, least: int, most: int) -> None:
        self.payload = b""
        self.set(least, most)

    def set(self, least: int, most: int) -> None:
        """Change it from the next packet on."""
        low = min(_LONGEST, round(least / _UNIT))
        high = max(low, min(_LONGEST, round(most / _UNIT)))
        self.least, self.most = low * _UNIT, high * _UNIT
        self.payload = (low << 12 | high).to_bytes(3, "big")


def install() -> bool:
    """Teach aiortc the extension, once; False where this aiortc is not the one that is known here."""
    for module, name in RELIED_ON:
        if not hasattr(module, name):
            logger.warning("this aiortc has no %s.%s: pictures are shown without playout delay", module.__name__, name)
            return False
    extensions = aiortc.codecs.HEADER_EXTENSIONS["video"]
    if any(extension.uri == _URI for extension in extensions):
        return True
    if any(extension.id == _ID for kind in aiortc.codecs.HEADER_EXTENSIONS.values() for extension in kind):
        logger.warning("this aiortc uses the id %d: pictures are shown without playout delay", _ID)
        return False
    extensions.append(RTCRtpHeaderExtensionParameters(id=_ID, uri=_URI))
    aiortc.rtp.HeaderExtensionsMap = _Map  # type: ignore[misc]
    return True


@contextlib.contextmanager
def delaying(delay: PlayoutDelay | None) -> Iterator[None]:
    """Senders that are made inside carry this delay in each packet; None is none."""
    token = _for_new_senders.set(delay)
    try:
        yield
    finally:
        _for_new_senders.reset(token)


class _Map(aiortc.rtp.HeaderExtensionsMap):
    """aiortc's map of one sender or receiver, and the delay of that sender where it has one."""

    def __init__(self) -> None:
        super().__init__()
        self._delay = _for_new_senders.get()
        self._head = b""

    def configure(self, parameters: Any) -> None:
        """Take the ids that were agreed on."""
        super().configure(parameters)
        for extension in parameters.headerExtensions:
            if extension.uri == _URI and 0 < extension.id < 15:
                self._head = bytes([extension.id << 4 | 2])

    def set(self, values: Any) -> tuple[int, bytes]:
        """The header extensions of one packet."""
        profile, packed = super().set(values)
        if self._delay is None or not self._head or profile not in (0, _ONE_BYTE_HEADERS):
            return profile, packed
        # Zeros between elements are padding (RFC 8285, section 4.2), so ours goes behind those of aiortc.
        return _ONE_BYTE_HEADERS, packed + self._head + self._delay.payload
