"""How the video encoders are set up, and why; figures are for 1280×720 at 30 pictures a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

import av

from classroom.media.frames import PICTURE_TIME_BASE
from classroom.media.scale import PROGRAM_RANGE

__all__ = ["VideoSettings", "h264_level", "open_video"]

_KEY_DISTANCE: Final = 3000
"""Pictures between key frames that nobody asked for: 100 s. Key frames are made on demand."""

# H.264 table A-1: level × 10, macroblocks a second, macroblocks in a picture.
_LEVELS: Final = (
    (31, 108_000, 3_600),
    (32, 216_000, 5_120),
    (40, 245_760, 8_192),
    (42, 522_240, 8_704),
    (50, 589_824, 22_080),
    (51, 983_040, 36_864),
    (52, 2_073_600, 36_864),
)

_BT709: Final = 1
_SMPTE170M: Final = 6


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """Size (width, height), pictures a second and bits a second of a rendition."""

    size: tuple[int, int]
    fps: int
    bit_rate: int


def open_video(codec: Literal["h264", "vp8"], settings: VideoSettings) -> av.VideoCodecContext:
    """An open encoder whose packets are cut to a picture each and need no other header; av.error.FFmpegError if not.

    Both use one thread (a second one costs 20 to 50 % more for little on two cores), look at no future picture and
    make key frames only when told: an encoder's own at a scene cut would break the limit of one a second.
    """
    name = "libx264" if codec == "h264" else "libvpx"
    context = cast(av.VideoCodecContext, av.CodecContext.create(name, "w"))
    context.width, context.height = settings.size
    context.pix_fmt = "yuv420p"
    context.framerate = settings.fps  # type: ignore[assignment]
    context.time_base = PICTURE_TIME_BASE
    context.bit_rate = settings.bit_rate
    context.gop_size = _KEY_DISTANCE
    context.thread_count = 1
    context.color_range = PROGRAM_RANGE
    # The matrix is BT.601 (see scale.py); primaries and curve are those of the screens that pictures come from.
    context.colorspace, context.color_primaries, context.color_trc = _SMPTE170M, _BT709, _BT709
    context.options = _h264(settings) if codec == "h264" else _vp8(settings)
    context.open()
    return context


def h264_level(settings: VideoSettings) -> int:
    """The lowest H.264 level × 10, from 3.1 on, that allows this size and rate; 3.1 is what browsers offer (42e01f)."""
    width, height = settings.size
    blocks = -(-width // 16) * -(-height // 16)
    return next((level for level, rate, size in _LEVELS if blocks <= size and blocks * settings.fps <= rate), 52)


def _h264(settings: VideoSettings) -> dict[str, str]:
    """x264: superfast costs 3.5 ms a picture where medium costs 19, for 0.1 dB.

    With 0.38 s of buffer the burst of a slide change (37 kB at 1.5 Mbit/s) passes a link of the same rate in 200 ms;
    with none it takes over 600 ms, and everything behind it waits. A slide is at 40 dB with its first picture or the
    one after it.

    Nothing is encoded finer than quantizer 24 (44 dB on a slide), which nobody sees. A still page costs
    next to nothing then, so that the buffer is full when a key frame or another page needs it, and the noise of a
    camera is not paid for: 0.2 instead of 1.4 Mbit/s at the same 41.6 dB. Without adaptive quantization bits go where
    letters have their edges: 38 instead of 33 dB in a forced key frame of a slide, and it takes a fifth less time. With
    four times the bits (``ipratio``) a key frame may use what the buffer holds, 48 kB: a student who watches a slide
    while others join sees it at most 3 dB less sharp. At quantizer 22 and 0.29 s it was 5 to 8 dB.
    """
    return {
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": "baseline",
        "level": f"{h264_level(settings) / 10:.1f}",
        "forced-idr": "1",
        "sc_threshold": "0",
        "maxrate": str(settings.bit_rate),
        "bufsize": str(settings.bit_rate * 38 // 100),
        "qmin": "24",
        "aq-mode": "0",
        "x264-params": "ipratio=4",
    }


def _vp8(settings: VideoSettings) -> dict[str, str]:
    """libvpx: speed 8 without noise reduction, a third cheaper than the settings of aiortc at the same quality."""
    return {
        "deadline": "realtime",
        "cpu-used": "-8",
        "noise-sensitivity": "0",
        "lag-in-frames": "0",
        "auto-alt-ref": "0",
        "keyint_min": str(_KEY_DISTANCE),
        "maxrate": str(settings.bit_rate),
        "minrate": str(settings.bit_rate),
        "bufsize": str(settings.bit_rate // 2),
        "qmin": "4",
        "qmax": "56",
    }
