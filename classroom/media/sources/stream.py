"""A network camera or another stream, with its sound."""

from __future__ import annotations

import math
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import av

from classroom.clock import Clock
from classroom.errors import DeviceError
from classroom.media.sources.base import Source
from classroom.media.sources.decoding import Decoding, DecodingError
from classroom.wording import Wording

__all__ = ["NetworkStream", "without_password"]

_OPEN_SECONDS: Final = 10.0
_READ_SECONDS: Final = 5.0
"""Seconds without a packet after which a stream counts as lost."""

_CUSHION: Final = 0.06
"""Seconds that a live stream is held back, so that its sound is there before the mixer wants it."""

_LATE: Final = 0.3
"""A stream that is behind by more than this goes on from now."""

_JUMP: Final = 30.0
"""One whose time jumps ahead by more than this, as with another film or a server that began anew, does so, too."""

_APART: Final = (0.5, 3.0)
"""Seconds for which picture and sound wait for each other, where it is live and where it is not."""

_LIVE_SCHEMES: Final = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp"})
"""What comes at the pace of its sender and is shown as it comes; the rest comes as fast as the network allows."""

_PROBE: Final = {"probesize": "500000", "analyzeduration": "1000000", "fflags": "nobuffer", "flags": "low_delay"}

_NO_ANSWER: Final = Wording(
    "stream.no_answer",
    "The stream {address} does not answer ({fault}). Check the address and whether it is switched on; it is tried "
    "again.",
)
_BROKE_OFF: Final = Wording("stream.broke_off", "The stream {address} broke off ({fault}). It is tried again.")
_ENDED: Final = Wording("stream.ended", "The stream {address} has ended. It is tried again.")


class NetworkStream(Source):
    """Plays a stream from the network; one that breaks off is opened again by the supervisor."""

    kind = "stream"
    comes_back = True
    stall = 1.0
    """A network holds packets up and gives them out together."""

    def __init__(self, *, name: str, clock: Clock, url: str) -> None:
        super().__init__(name=name, clock=clock, picture=True, sound=True)
        self._url = url
        self._scheme = urlsplit(url).scheme
        self._live = self._scheme in _LIVE_SCHEMES
        self._decoding: Decoding | None = None
        self._origin: float | None = None

    def open(self) -> None:
        """Connect; DeviceError when nobody answers or what answers cannot be played."""
        self._origin = None
        # It promises pictures with its first one: until then it may wait for a key frame.
        self.expected_rate, self.next_due = None, -math.inf
        timeout, apart = (_OPEN_SECONDS, _READ_SECONDS), _APART[0 if self._live else 1]
        try:
            self._decoding = Decoding(self._url, options=self._options(), timeout=timeout, apart=apart)
        except DecodingError as error:
            sentence = _NO_ANSWER(address=without_password(self._url), fault=_reason(error, self._url))
            raise DeviceError(sentence) from error

    def read(self) -> None:
        """Deliver the next picture or block of sound; DeviceError when the stream has broken off."""
        assert self._decoding is not None
        try:
            item = self._decoding.next()
        except DecodingError as error:
            sentence = _BROKE_OFF(address=without_password(self._url), fault=_reason(error, self._url))
            raise DeviceError(sentence) from error
        if item is None:
            raise DeviceError(_ENDED(address=without_password(self._url)))
        time, content = item
        due = self._due(time)
        if isinstance(content, av.VideoFrame):
            self.next_due = due
            if not self.wait_until(due):
                self.show(content, due)
                self.expected_rate = self._decoding.rate
        elif self.sound is not None:
            self.sound.write(content, due)
            self.taken += self._decoding.video is None

    def close(self) -> None:
        """Disconnect."""
        decoding, self._decoding = self._decoding, None
        if decoding is not None:
            decoding.close()

    def _due(self, time: float) -> float:
        """When what has this time in the stream is to be shown, in clock seconds."""
        now = self.clock.now()
        if self._decoding is not None and self._decoding.without_time:
            return now
        if self._origin is None or not -_LATE <= self._origin + time - now <= _JUMP:
            self._origin = now + _CUSHION - time
        elif self._live:
            # What comes earlier than expected shows that the stream was held up at first: show it sooner from now on.
            self._origin = min(self._origin, now + _CUSHION - time)
        return self._origin + time

    def _options(self) -> dict[str, str]:
        if self._scheme in ("rtsp", "rtsps"):
            # Over TCP, because school networks and Wi-Fi lose packets, and a broken picture is worse than a late one.
            return {**_PROBE, "rtsp_transport": "tcp"}
        return dict(_PROBE) if self._live else {}


def without_password(url: str) -> str:
    """An address as it may be shown: without user name, password and what stands behind a question mark."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _reason(error: Exception, url: str) -> str:
    return str(getattr(error, "strerror", None) or error).replace(url, "it")
