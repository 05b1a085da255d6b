"""The codecs that are offered, as aiortc describes them."""

from __future__ import annotations

from collections.abc import Sequence

from aiortc import RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from classroom.webrtc.sending.feed import PictureCodec

__all__ = ["capabilities", "preferences"]


def preferences(codecs: Sequence[PictureCodec]) -> list[RTCRtpCodecCapability]:
    """The codecs to offer for the picture, the preferred one first."""
    names = {"h264": "video/H264", "vp8": "video/VP8"}
    return capabilities("video", tuple(names[codec] for codec in codecs))


def capabilities(kind: str, names: Sequence[str]) -> list[RTCRtpCodecCapability]:
    """Aiortc's codecs of some names (``audio/opus``) in their order, with the codecs for retransmission."""
    everything = RTCRtpSender.getCapabilities(kind).codecs
    chosen = [codec for name in names for codec in everything if codec.mimeType.lower() == name.lower()]
    return chosen + [codec for codec in everything if codec.mimeType.lower() == f"{kind}/rtx"]
