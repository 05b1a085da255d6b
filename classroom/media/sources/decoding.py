"""Reads a file or a stream with libav: pictures and sound in the order of their times, whatever way they are packed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Final, Self

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition

from classroom.media.frames import SAMPLE_RATE, Samples

__all__ = ["Decoding", "DecodingError", "Item"]

Item = tuple[float, av.VideoFrame | Samples]
"""A picture or a block of sound, and its time in seconds from the beginning of the file or stream."""

DecodingError = (av.FFmpegError, ValueError)
"""What reading raises when a file is broken or a stream has ended in the middle."""

_AHEAD: Final = 240
"""Pictures or blocks of one kind that are kept while the other kind is looked for; then the file is taken as it is."""

_USUAL_RATE: Final = 25.0
"""Pictures a second where a stream does not say."""

_BROKEN_IN_A_ROW: Final = 60
"""Packets that cannot be decoded, one after the other, before the whole counts as broken."""


class Decoding:
    """An open file or stream. Use it with ``with``; reading and closing belong to one thread.

    ``timeout`` is (for opening, for reading), seconds. Sound is given out ``lead`` seconds before the pictures of its
    time. Raises ``DecodingError`` when it cannot be opened, or has neither picture nor sound.
    """

    def __init__(
        self,
        address: str,
        *,
        options: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (10.0, 10.0),
        lead: float = 0.0,
    ) -> None:
        self._container: InputContainer = av.open(address, "r", options=dict(options or {}), timeout=timeout)
        streams = self._container.streams
        self.video = streams.video[0] if streams.video else None
        self.audio = streams.audio[0] if streams.audio else None
        if self.video is None and self.audio is None:
            self._container.close()
            raise ValueError("it has neither pictures nor sound")
        if self.video is not None:
            self.video.thread_type = "AUTO"
            self.video.thread_count = 1
        self._resampler = av.AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)
        self._lead = lead
        self._waiting: tuple[deque[Item], deque[Item]] = (deque(), deque())
        self._begin = (self._container.start_time or 0) / av.time_base
        self._packets = self._demux()
        self._ended = False
        self._broken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def duration(self) -> float | None:
        """How long it is, seconds; None where that is not known, as of a live stream."""
        duration = self._container.duration
        return None if duration is None or duration <= 0 else duration / av.time_base

    @property
    def rate(self) -> float | None:
        """Pictures a second on the average; None for sound alone, also where it has a picture on its cover."""
        if self.video is None or self.video.disposition & Disposition.attached_pic:
            return None
        return float(self.video.average_rate or _USUAL_RATE)

    @property
    def next_picture(self) -> float | None:
        """The time of the next picture, once ``next`` has given out sound: None where none is near."""
        pictures = self._waiting[0]
        return pictures[0][0] if pictures else None

    @property
    def still(self) -> bool:
        """Whether it is a single picture."""
        return self.audio is None and self._container.format.name.endswith(("_pipe", "image2"))

    def next(self) -> Item | None:
        """The next picture or block of sound in the order of their times; None at the end. Blocks on the network."""
        pictures, sounds = self._waiting
        while not self._ended and not self._decided():
            self._read()
        if not pictures or not sounds:
            there = pictures or sounds
            return there.popleft() if there else None
        return pictures.popleft() if pictures[0][0] <= sounds[0][0] - self._lead else sounds.popleft()

    def rewind(self) -> None:
        """Go back to the beginning; ``DecodingError`` where that is not possible."""
        # A second before it: the packet that sound is swung in with lies before the first picture.
        self._container.seek(int((self._begin - 1.0) * av.time_base), backward=True, any_frame=False)
        for waiting in self._waiting:
            waiting.clear()
        self._resampler = av.AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)
        self._packets = self._demux()
        self._ended, self._broken = False, 0

    def close(self) -> None:
        """Close the file or the connection."""
        self._container.close()

    def _demux(self) -> Iterator[av.Packet]:  # type: ignore[type-arg]
        wanted = [stream for stream in (self.video, self.audio) if stream is not None]
        return self._container.demux(wanted)

    def _decided(self) -> bool:
        """Whether it is known which of picture and sound comes next."""
        pictures, sounds = self._waiting
        if self.video is None or self.audio is None:
            return bool(pictures or sounds)
        return bool(pictures and sounds) or len(pictures) >= _AHEAD or len(sounds) >= _AHEAD

    def _read(self) -> None:
        try:
            packet = next(self._packets)
        except (StopIteration, EOFError):
            self._ended = True
            return
        try:
            frames = packet.decode()
            self._broken = 0
        except av.InvalidDataError:
            self._broken += 1
            if self._broken >= _BROKEN_IN_A_ROW:
                raise
            return
        for frame in frames:
            if isinstance(frame, av.VideoFrame):
                self._keep_picture(frame)
            elif isinstance(frame, av.AudioFrame):
                self._keep_sound(frame)

    def _keep_picture(self, frame: av.VideoFrame) -> None:
        waiting = self._waiting[0]
        time = frame.time if frame.pts is not None else None
        if time is None:
            # A stream without time stamps is taken at its own rate.
            time = waiting[-1][0] + 1 / (self.rate or _USUAL_RATE) if waiting else self._begin
        waiting.append((time - self._begin, frame))

    def _keep_sound(self, frame: av.AudioFrame) -> None:
        if frame.pts is None or frame.time is None:
            return
        time = frame.time - self._begin
        for block in self._resampler.resample(frame):
            samples = np.asarray(block.to_ndarray(), np.float32).reshape(-1, 2)
            self._waiting[1].append((time, samples))
            time += len(samples) / SAMPLE_RATE
