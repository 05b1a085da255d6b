"""Reads a file or a stream with libav: pictures and sound in the order of their times, in any packaging."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import av
import numpy as np
from av.stream import Disposition

from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.sources.container import open_container
from classroom.media.sources.presentation import Presentation
from classroom.media.sources.tone_mapping import needs_mapping

__all__ = ["Decoding", "DecodingError", "Item", "said_by"]

Item = tuple[float, av.VideoFrame | Samples]
"""A picture or a block of sound, and its time in seconds from the start of the file or stream."""

Packet: TypeAlias = "av.Packet[Any]"

DecodingError = (av.FFmpegError, ValueError)
"""What reading raises when a file is broken or a stream has ended in the middle."""

_APART: Final = 10.0
_LARGEST: Final = 1920
_MOST_BYTES: Final = 32 << 20
"""Bytes of one kind that are kept while the other kind is looked for, however short they last."""

_LEFT_OUT: Final = 3
"""Pictures in a row that are left out at most, so that something moves."""

_USUAL_RATE: Final = 25.0
"""Pictures a second where a stream does not say."""

_WITHOUT_INDEX: Final = frozenset({"mpeg", "mpegts"})
"""Formats in which libav guesses where a time is, and arrives up to half a second behind the beginning."""

_BROKEN_IN_A_ROW: Final = 60
"""Packets that cannot be decoded, one after the other, before a kind counts as broken."""


def said_by(error: Exception | None) -> str:
    """What libav says is wrong, without the address, which it quotes whole or in part, and with it a password."""
    said = str(getattr(error, "strerror", None) or error)
    return "it cannot be opened" if "://" in said or "@" in said else said


class _Track:
    """The pictures or the sound of a file: packets that were read, and what was decoded and not given out yet.

    Packets wait and not pictures: a second of film is less than a megabyte before it is decoded and a hundred after.
    """

    def __init__(self, decode: Callable[[Packet], list[Item]], *, there: bool) -> None:
        self.decode = decode
        self.there = there
        self.packets: deque[Packet] = deque()
        self.items: deque[Item] = deque()
        self.broken = 0
        self.absent = not there
        """Whether it was looked for in vain; then it is not waited for until it comes."""
        self._bytes = 0

    def keep(self, packet: Packet) -> None:
        self.packets.append(packet)
        self._bytes += packet.size
        self.absent = False

    def advance(self) -> av.FFmpegError | None:
        """Decode the next packet; the fault where that cannot be done."""
        packet = self.packets.popleft()
        self._bytes -= packet.size
        try:
            self.items += self.decode(packet)
        except av.InvalidDataError as error:
            self.broken += 1
            return error
        self.broken = 0
        return None

    def goes_beyond(self, seconds: float) -> bool:
        """Whether more than this much of it waits to be decoded."""
        if not self.packets:
            return False
        times = [time for packet in (self.packets[0], self.packets[-1]) if (time := _time(packet)) is not None]
        return self._bytes > _MOST_BYTES or (len(times) == 2 and times[1] - times[0] > seconds)

    def clear(self) -> None:
        self.packets.clear()
        self.items.clear()
        self.broken, self.absent, self._bytes = 0, not self.there, 0


class Decoding:
    """An open file or stream. Use it with ``with``; reading and closing belong to one thread.

    ``timeout`` is (for opening, for reading), seconds. Sound is given out ``lead`` seconds before the pictures of its
    time; where picture or sound is missing for more than ``apart`` seconds, the other continues without it. ``largest``
    is how many pixels of a picture's longer side are of use. Raises ``DecodingError`` when it cannot be opened, or has
    neither picture nor sound.
    """

    def __init__(
        self,
        address: str,
        *,
        options: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (10.0, 10.0),
        lead: float = 0.0,
        apart: float = _APART,
        largest: int = _LARGEST,
    ) -> None:
        self._container = open_container(address, options or {}, timeout)
        streams = self._container.streams
        # Not the first: a film may begin with the picture of its cover.
        best = streams.best("video")
        self.video = best if isinstance(best, av.VideoStream) else None
        self.audio = streams.audio[0] if streams.audio else None
        if self.video is None and self.audio is None:
            self._container.close()
            raise ValueError("it has neither pictures nor sound")
        if self.video is not None:
            self.video.thread_type = "AUTO"
            self.video.thread_count = 1
        self._presentation = Presentation(self.video, largest)
        self._resampler = _new_resampler()
        self._sound_format: tuple[str, str, int] | None = None
        self._pictures = _Track(self._decode_pictures, there=self.video is not None)
        self._sounds = _Track(self._decode_sound, there=self.audio is not None)
        self._lead, self._apart = lead, apart
        self._begin = (self._container.start_time or 0) / av.time_base
        self._without_stamp = [0.0, 0.0]  # when the next picture and the next sound come if they do not say so
        self._packets = self._demux()
        self._ended = False
        self._left_out = 0

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
    def lasts(self) -> float:
        """Seconds for which a picture is seen."""
        return 1.0 / (self.rate or _USUAL_RATE)

    @property
    def next_picture(self) -> float | None:
        """The time of the next picture, once ``next`` has given out sound: None where none is near."""
        return self._pictures.items[0][0] if self._pictures.items else None

    @property
    def without_time(self) -> bool:
        """Whether it is a camera over HTTP that says nothing of time: libav makes up 25 pictures a second."""
        return self._container.format.name in ("mpjpeg", "mjpeg")

    @property
    def endless(self) -> bool:
        """Whether nobody knows how large or how long it is: over HTTP, what is sent while it is made.

        Playlists are not: they are made of pieces, each of which is there when it is whole.
        """
        lists = self._container.format.name in ("hls", "dash")
        return not lists and self.duration is None and self._container.size <= 0

    @property
    def still(self) -> bool:
        """Whether it is a single picture."""
        return self.audio is None and self._container.format.name.endswith(("_pipe", "image2"))

    def next(self, overdue: float = -math.inf) -> Item | None:
        """The next picture or block of sound in the order of their times; None at the end. Blocks on the network.

        Of pictures from before ``overdue`` whose colours have to be mapped, which takes as long as decoding them or
        longer, most are left out.
        """
        while (item := self._next()) is not None:
            time, content = item
            if not isinstance(content, av.VideoFrame) or self.still:
                break
            if time >= overdue or self._left_out == _LEFT_OUT or not needs_mapping(content):
                self._left_out = 0
                return time, self._presentation.finish(content)
            self._left_out += 1
        return item

    def _next(self) -> Item | None:
        pictures, sounds = self._pictures, self._sounds
        while True:
            self._fill(pictures, sounds)
            self._fill(sounds, pictures)
            # A kind that was not near may have come while the other was looked for.
            if self._ended or pictures.items or sounds.items:
                break
        if not pictures.items or not sounds.items:
            there = pictures.items or sounds.items
            return there.popleft() if there else None
        return (pictures if pictures.items[0][0] <= sounds.items[0][0] - self._lead else sounds).items.popleft()

    def rewind(self) -> None:
        """Go back to the start; ``DecodingError`` where that is not possible."""
        if self._container.format.name in _WITHOUT_INDEX:
            self._container.seek(0, unsupported_byte_offset=True)
        else:
            self._container.seek(int(self._begin * av.time_base), backward=True, any_frame=False)
        for track in (self._pictures, self._sounds):
            track.clear()
        self._presentation.clear()
        self._resampler = _new_resampler()
        self._sound_format = None
        self._without_stamp = [0.0, 0.0]
        self._packets = self._demux()
        self._ended = False

    def close(self) -> None:
        """Close the file or the connection."""
        self._container.close()

    def _demux(self) -> Iterator[Packet]:
        wanted = [stream for stream in (self.video, self.audio) if stream is not None]
        return self._container.demux(wanted)

    def _fill(self, track: _Track, other: _Track) -> None:
        """Read and decode until a kind has something to give out, unless it has ended or nothing of it is near."""
        while not track.items:
            if track.packets:
                self._advance(track)
            elif self._ended or track.absent:
                return
            elif other.goes_beyond(self._apart):
                track.absent = True
            else:
                self._read()

    def _advance(self, track: _Track) -> None:
        fault = track.advance()
        both = (self._pictures, self._sounds)
        if fault is not None and all(one.broken >= _BROKEN_IN_A_ROW for one in both if one.there):
            raise fault

    def _read(self) -> None:
        try:
            packet = next(self._packets)
        except (StopIteration, EOFError):
            self._ended = True
            return
        (self._pictures if packet.stream.type == "video" else self._sounds).keep(packet)

    def _decode_pictures(self, packet: Packet) -> list[Item]:
        items: list[Item] = []
        decoded = [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
        frames = [whole for frame in decoded for whole in self._presentation.whole(frame)]
        if not packet.size:  # the last one, which is empty
            frames += self._presentation.flush()
        for frame in frames:
            time = self._without_stamp[0] if frame.pts is None or frame.time is None else frame.time - self._begin
            self._without_stamp[0] = time + 1 / (self.rate or _USUAL_RATE)
            items.append((time, self._presentation.finish(frame, bytes(packet)) if self.still else frame))
        return items

    def _decode_sound(self, packet: Packet) -> list[Item]:
        items: list[Item] = []
        for frame in packet.decode():
            if not isinstance(frame, av.AudioFrame):
                continue
            time = self._without_stamp[1] if frame.pts is None or frame.time is None else frame.time - self._begin
            sound_format = (frame.format.name, frame.layout.name, frame.sample_rate)
            if sound_format != self._sound_format:  # a jingle in mono, a broadcast that goes over to 5.1
                self._resampler, self._sound_format = _new_resampler(), sound_format
            for block in self._resampler.resample(frame):
                samples = np.asarray(block.to_ndarray(), np.float32).reshape(-1, 2)
                items.append((time, samples))
                time += len(samples) / SAMPLE_RATE
            self._without_stamp[1] = time
        return items


def _new_resampler() -> av.AudioResampler:
    """One takes the format of the first sound that it gets, and no other."""
    return av.AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)


def _time(packet: Packet) -> float | None:
    stamp = packet.pts if packet.dts is None else packet.dts
    return None if stamp is None or packet.time_base is None else float(stamp * packet.time_base)
