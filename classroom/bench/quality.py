"""What a student saw: pictures decoded from the packets that were kept, and how near they are to the pictures shown.

Everything here runs after the measurement, so it does not take processor time from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import av
import numpy as np
import numpy.typing as npt
from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from classroom.bench.stage import slide
from classroom.bench.timecode import CELL

__all__ = ["WholePicture", "decoded", "fall", "measured", "psnr", "whole_frames"]

TimedPackets = Sequence[tuple[float, bytes]]
Luma = npt.NDArray[np.uint8]

_SPARSE: Final = 8
"""Every eighth pixel of every eighth line is enough to find which of the pictures was shown."""

_PERFECT: Final = 99.0
_MISORDERED: Final = 0x8000


@dataclass(frozen=True, slots=True)
class WholePicture:
    """An encoded picture of which all packets came. ``arrived`` is when its last packet was read, in seconds."""

    arrived: float
    data: bytes


def whole_frames(kept: TimedPackets, ssrcs: Iterable[int], codec: Literal["h264", "vp8"]) -> Iterator[WholePicture]:
    """The pictures of which all packets came, in order."""
    wanted, known = set(ssrcs), HeaderExtensionsMap()
    packets: dict[int, tuple[float, RtpPacket]] = {}
    highest: int | None = None
    for arrived, data in kept:
        packet = RtpPacket.parse(data, known)
        if packet.ssrc not in wanted:
            continue
        if highest is None:
            highest = packet.sequence_number
        ahead = (packet.sequence_number - highest) & 0xFFFF
        sequence = highest + ahead if ahead < _MISORDERED else highest + ahead - 0x1_0000
        highest = max(highest, sequence)
        packets[sequence] = (arrived, packet)
    parameters = RTCRtpCodecParameters(mimeType=f"video/{codec.upper()}", clockRate=90_000)
    run: list[tuple[float, RtpPacket]] = []
    before: int | None = None
    begins = True
    for sequence in sorted(packets):
        if before is not None and sequence != before + 1:
            run, begins = [], False  # the rest of this picture cannot be used
        before = sequence
        arrived, packet = packets[sequence]
        if begins:
            run.append((arrived, packet))
        if packet.marker:
            if begins:
                data = b"".join(depayload(parameters, each.payload) for _, each in run)
                yield WholePicture(max(at for at, _ in run), data)
            run, begins = [], True


def _pictures(kept: TimedPackets, ssrcs: Iterable[int], codec: Literal["h264", "vp8"]) -> Iterator[tuple[float, Luma]]:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    for frame in whole_frames(kept, ssrcs, codec):
        for picture in decoder.decode(av.Packet(frame.data)):
            luma: Luma = np.asarray(picture.to_ndarray(), np.uint8)[: picture.height, : picture.width]
            yield frame.arrived, luma


def decoded(kept: TimedPackets, ssrcs: Iterable[int], codec: Literal["h264", "vp8"]) -> dict[str, Any]:
    """How many pictures can be decoded from the packets that came, and their size."""
    count, size = 0, (0, 0)
    for _, luma in _pictures(kept, ssrcs, codec):
        count, size = count + 1, (luma.shape[1], luma.shape[0])
    return {"pictures": count, "width": size[0], "height": size[1]}


def measured(kept: TimedPackets, ssrcs: Iterable[int], codec: Literal["h264", "vp8"]) -> dict[str, Any]:
    """When each picture of the stage's source ``slide`` came, in seconds, and its PSNR in dB."""
    references = [picture[0] for picture in slide()]
    sparse = np.stack([each[CELL::_SPARSE, ::_SPARSE] for each in references]).astype(np.int32)
    found = []
    for arrived, luma in _pictures(kept, ssrcs, codec):
        errors = ((sparse - luma[CELL::_SPARSE, ::_SPARSE]) ** 2).mean((1, 2), dtype=np.float64)
        found.append((arrived, round(psnr(references[int(errors.argmin())][CELL:], luma[CELL:]), 2)))
    return {"pictures": found}


def psnr(shown: Luma, seen: Luma) -> float:
    """Peak signal to noise ratio in dB. It is 99 where the pictures are equal."""
    error = float(np.mean((shown.astype(np.int32) - seen) ** 2, dtype=np.float64))
    return _PERFECT if error == 0 else min(_PERFECT, float(10 * np.log10(255**2 / error)))


def fall(pictures: Sequence[tuple[float, float]], *, at: float, within: float, by: float) -> dict[str, float]:
    """How the quality changed at a moment, in dB: the median ``before``, and the ``least`` ``within`` seconds after it.

    ``seconds`` is the longest time for which the quality was more than ``by`` dB below the median before.
    """
    earlier = sorted(quality for came, quality in pictures if came < at)
    later = [(came, quality) for came, quality in pictures if at <= came <= at + within]
    if not earlier or not later:
        return {"before": 0.0, "least": 0.0, "seconds": within}
    before = earlier[len(earlier) // 2]
    longest, since = 0.0, None
    for came, quality in later:
        if quality >= before - by:
            if since is not None:
                longest = max(longest, came - since)
            since = None
        elif since is None:
            since = came
    if since is not None:
        longest = max(longest, later[-1][0] - since)
    return {"before": before, "least": min(quality for _, quality in later), "seconds": round(longest, 3)}
