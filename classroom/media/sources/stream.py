"""A network camera or another stream, with its sound."""

from __future__ import annotations

import math
from collections import deque
from typing import Final
from urllib.parse import urlsplit

import av

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.redaction import shown_address
from classroom.common.sentences import Wording
from classroom.media.sources.base import Source
from classroom.media.sources.decoding import Decoding, DecodingError, said_by
from classroom.media.sources.live_latency import LiveLatency
from classroom.media.sources.read_ahead import Arrival, ReadAhead
from classroom.media.sources.rhythm import Rhythm

__all__ = ["NetworkStream"]

_OPEN_SECONDS: Final = 10.0
_READ_SECONDS: Final = 5.0
"""Seconds without a packet after which a stream counts as lost."""

_LEAD: Final = 0.06
"""Seconds by which a stream that plays at its own pace is read before it is shown, so that its sound is in time."""

_LATE: Final = 0.3
"""A stream that plays at its own pace and is behind by more than this continues from now."""

_JUMP: Final = 30.0
"""So does one whose time jumps ahead by more than this, such as with another film or a server that restarted."""

_STALL: Final = 1.0
"""Seconds for which a stream may send nothing that is not known to be steady."""

_GLANCE: Final = 0.1
"""Seconds between two looks at whether the lesson has ended, while nothing comes."""

_PICTURES: Final = 32
"""Pictures of a live stream that wait for their time at most."""

_APART: Final = (0.5, 3.0)
"""Seconds for which picture and sound wait for each other, where it is live and where it is not."""

_LIVE_SCHEMES: Final = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp"})
"""What comes at the pace of its sender and is shown as it comes; the rest comes as fast as the network allows."""

_PROBE: Final = {"probesize": "500000", "analyzeduration": "1000000", "fflags": "nobuffer", "flags": "low_delay"}

_NO_ANSWER: Final = Wording(
    "stream.no_answer",
    "The stream {address} does not answer ({fault}). Check the address, and that the device is switched "
    "on; retrying automatically.",
)
_BROKE_OFF: Final = Wording("stream.broke_off", "The stream {address} broke off ({fault}). Retrying automatically.")
_ENDED: Final = Wording("stream.ended", "The stream {address} has ended. Retrying automatically.")


class NetworkStream(Source):
    """Plays a stream from the network; one that breaks off is opened again by the supervisor.

    One that is live is read as fast as it comes, and what is older than the newest is left out. What is a file at the
    other end is read no faster than it plays. ``largest`` is the longer side of the program, pixels.
    """

    kind = "stream"
    comes_back = True

    def __init__(self, *, name: str, clock: Clock, url: str, largest: int = 1920) -> None:
        super().__init__(name=name, clock=clock, picture=True, sound=True)
        self._url, self._largest = url, largest
        self._scheme = urlsplit(url).scheme
        self._decoding: Decoding | None = None
        self._ahead: ReadAhead | None = None
        self._latency = LiveLatency()
        self._rhythm = Rhythm(_STALL)
        self.stall = self._rhythm.patience
        self._pictures: deque[tuple[float, av.VideoFrame]] = deque(maxlen=_PICTURES)
        self._origin: float | None = None

    def open(self) -> None:
        """Connect; DeviceError when nobody answers or what answers cannot be played."""
        self._origin, self._latency = None, LiveLatency()
        self._pictures.clear()
        self._rhythm.begin()
        # It promises pictures with its first one: until then it may wait for a key frame.
        self.expected_rate, self.next_due = None, -math.inf
        live = self._scheme in _LIVE_SCHEMES
        timeout, apart = (_OPEN_SECONDS, _READ_SECONDS), _APART[0 if live else 1]
        try:
            self._decoding = Decoding(
                self._url, options=self._options(live=live), timeout=timeout, apart=apart, largest=self._largest
            )
        except DecodingError as error:
            sentence = _NO_ANSWER(address=shown_address(self._url), fault=said_by(error))
            raise DeviceError(sentence) from error
        if live or (self._decoding.endless and not self._decoding.without_time):
            self._ahead = ReadAhead(self._decoding, self.clock, name=self.name)

    def read(self) -> None:
        """Deliver the next picture or block of sound; DeviceError when the stream has broken off."""
        try:
            if self._ahead is not None:
                self._read_live(self._ahead)
            else:
                self._read_paced()
        except DecodingError as error:
            sentence = _BROKE_OFF(address=shown_address(self._url), fault=said_by(error))
            raise DeviceError(sentence) from error

    def close(self) -> None:
        """Disconnect."""
        decoding, self._decoding = self._decoding, None
        ahead, self._ahead = self._ahead, None
        self._pictures.clear()
        if ahead is not None:
            ahead.close()
        elif decoding is not None:
            decoding.close()

    def _read_live(self, ahead: ReadAhead) -> None:
        for arrival in self._arrivals(ahead):
            if arrival.item is None:
                raise DeviceError(_ENDED(address=shown_address(self._url)))
            time, content = arrival.item
            self._latency.arrived(time, arrival.instant)
            if isinstance(content, av.VideoFrame):
                self._rhythm.came(arrival.instant)
                self._pictures.append((time, content))
            elif self.sound is not None and self._latency.settled(arrival.instant):
                self.sound.write(content, self._latency.due(time))
                self.taken += self._decoding is not None and self._decoding.video is None
        self._show_newest()

    def _arrivals(self, ahead: ReadAhead) -> list[Arrival]:
        """What has come, as soon as something has; nothing when a picture is due, or when interrupted."""
        arrivals: list[Arrival] = []
        while not arrivals and not self.interrupted.is_set():
            pause = _GLANCE
            if self._pictures:
                pause = min(pause, max(0.0, self._latency.due(self._pictures[0][0]) - self.clock.now()))
            arrivals = ahead.take(pause)
            if pause < _GLANCE:
                break
        return arrivals

    def _show_newest(self) -> None:
        """Show the picture whose time has come; those before it are late."""
        now = self.clock.now()
        newest = None
        while self._pictures and (due := self._latency.due(self._pictures[0][0])) <= now:
            newest = (self._pictures.popleft()[1], due)
        if newest is not None and self._decoding is not None:
            self._promise(*newest)

    def _promise(self, frame: av.VideoFrame, due: float) -> None:
        """Show a picture, and with it promise the next ones."""
        assert self._decoding is not None
        self.show(frame, due)
        self.expected_rate, self.stall = self._decoding.rate, self._rhythm.patience

    def _read_paced(self) -> None:
        assert self._decoding is not None
        item = self._decoding.next()
        if item is None:
            raise DeviceError(_ENDED(address=shown_address(self._url)))
        time, content = item
        due = self._due(time)
        if isinstance(content, av.VideoFrame):
            self.next_due = due
            if not self.wait_until(due):
                self._rhythm.came(self.clock.now())
                self._promise(content, due)
        elif self.sound is not None:
            self.sound.write(content, due)
            self.taken += self._decoding.video is None

    def _due(self, time: float) -> float:
        """When what plays at its own pace and has this time is to be shown, in clock seconds."""
        now = self.clock.now()
        if self._decoding is not None and self._decoding.without_time:
            return now
        if self._origin is None or not -_LATE <= self._origin + time - now <= _JUMP:
            self._origin = now + _LEAD - time
        return self._origin + time

    def _options(self, *, live: bool) -> dict[str, str]:
        if self._scheme in ("rtsp", "rtsps"):
            # Over TCP, because school networks and Wi-Fi lose packets, and a broken picture is worse than a late one.
            return {**_PROBE, "rtsp_transport": "tcp"}
        return dict(_PROBE) if live else {}
