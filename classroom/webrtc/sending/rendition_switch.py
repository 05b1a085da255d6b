"""Moves one stream from one rendition to another, at a key frame, and limits it to key frames where no more fits.

``current`` and ``filtering`` are plain attributes, because ``Stream.accept`` reads them for each frame.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from classroom.webrtc.rtp.packet_cache import RtpFrame
from classroom.webrtc.sending.ports import FrameSource

__all__ = ["RenditionSwitch"]

_REPEAT_AFTER: Final = 1.0
"""Seconds without the key frame that a stream needs after which it is requested again."""

_Stream = TypeVar("_Stream")


class RenditionSwitch(Generic[_Stream]):
    """The sources of one stream: the one that it is sent, and the one that replaces it at its next key frame."""

    def __init__(self, stream: _Stream) -> None:
        self.current: FrameSource[_Stream] | None = None
        self.filtering = True
        """Whether ``takes`` decides on each frame of ``current``; else all of them are taken."""
        self.bit_rate: float | None = None
        """Bits a second that are enough for the stream; None requests all there are."""
        self.paused = False
        """Whether nothing is sent until the next rendition's key frame."""
        self.last_key_frame = float("-inf")
        """When the last key frame that was sent was captured, in clock seconds."""
        self._stream = stream
        self._next: FrameSource[_Stream] | None = None
        self._attached = False
        self._needs_key_frame = True
        self._key_frame_interval: float | None = None
        self._requested = float("-inf")

    def choose(self, source: FrameSource[_Stream], *, begun: bool, at_once: bool) -> None:
        """Send this source from its next key frame on; until then, the current one or, with ``at_once``, nothing.

        A network that loses most packets is emptied by that, so that the key frame comes through. ``begun`` says
        whether anything was sent; before that, a source replaces another without a key frame.
        """
        if source is (self._next or self.current):
            return
        if self._next is not None:
            self._next.remove(self._stream)
            self._next = None
        if source is self.current:
            if self.paused:
                self.paused = False
                self.need_key_frame()
                source.demand.key_frame()
            return
        if not begun:
            if self.current is not None:
                self.current.remove(self._stream)
            self.current = source
        else:
            self._next = source
            self.paused = self.paused or at_once
            self._update()
        if self._attached:
            source.add(self._stream)

    def attach(self, *, now: float) -> None:
        """Start to receive frames: the connection is established."""
        self._attached = True
        self._requested = now
        for source in self._sources():
            source.add(self._stream)

    def detach(self) -> None:
        """Receive no more frames."""
        sources = self._sources()
        self.current = self._next = None
        for source in sources:
            source.remove(self._stream)

    def limit(self, *, bit_rate: float | None, key_frame_interval: float | None) -> None:
        """Request fewer bits a second, or take key frames only, this many seconds apart; None is no limit."""
        if self._key_frame_interval is not None and key_frame_interval is None:
            self._needs_key_frame = True
            if self.current is not None:
                self.current.demand.key_frame()
        self._key_frame_interval = key_frame_interval
        self._update()
        if bit_rate != self.bit_rate:
            self.bit_rate = bit_rate
            for source in self._sources():
                source.bit_rate_requested()

    def moves(self, source: FrameSource[_Stream], frame: RtpFrame) -> bool:
        """Move to the next source where this frame is its first key frame; returns whether it is."""
        if source is not self._next or not frame.key or self.current is None:
            return False
        self.current.remove(self._stream)
        self.current, self._next = source, None
        self.paused = False
        self._update()
        return True

    def takes(self, frame: RtpFrame) -> bool:
        """Whether a frame of the current source is sent, while ``filtering``."""
        if self.paused:
            return False
        interval = self._key_frame_interval
        if not self._needs_key_frame and interval is None:
            return True
        return frame.key and (interval is None or frame.captured - self.last_key_frame >= interval)

    def need_key_frame(self) -> None:
        """Take nothing before the next key frame."""
        self._needs_key_frame = True
        self._update()

    def sent(self) -> None:
        """Note that a frame was taken, which was a key frame where one was needed."""
        self._needs_key_frame = False
        self._update()

    def tend(self, now: float, *, ready: bool) -> None:
        """Request a key frame where it is time for one, or where a needed one did not come. Call it once a second."""
        if self.current is None:
            return
        if self._key_frame_interval is not None:
            if now - self.last_key_frame >= self._key_frame_interval:
                self.current.demand.key_frame()
        elif self._needs_key_frame and ready and now - self._requested >= _REPEAT_AFTER:
            self._requested = now
            self.current.demand.key_frame()

    def _sources(self) -> list[FrameSource[_Stream]]:
        return [source for source in (self.current, self._next) if source is not None]

    def _update(self) -> None:
        self.filtering = self.paused or self._needs_key_frame or self._key_frame_interval is not None
