"""What is refused in an answer costs only that: the other medium arrives."""

from __future__ import annotations

import re

import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from classroom.webrtc.rejected_media import accept_rejected_media
from classroom.webrtc.sending.capabilities import preferences
from tests.support.broadcast import eventually

REFUSED = "m=video 0 UDP/TLS/RTP/SAVPF 120\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\na=mid:0\r\na=rtpmap:120 VP8/90000\r\n"


def refuse_picture(answer: str) -> str:
    """What Firefox answers when it knows none of the picture's codecs."""
    refused = re.sub(r"m=video .*?(?=m=audio)", REFUSED, answer, flags=re.S)
    return refused.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 1")


async def test_sound_arrives_where_the_picture_is_refused() -> None:
    ours = RTCPeerConnection(RTCConfiguration(bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    theirs = RTCPeerConnection()
    picture = ours.addTransceiver(VideoStreamTrack(), direction="sendonly")
    picture.setCodecPreferences(preferences(("h264",)))
    sound = ours.addTransceiver(AudioStreamTrack(), direction="sendonly")
    try:
        await ours.setLocalDescription(await ours.createOffer())
        offer = ours.localDescription
        await theirs.setRemoteDescription(offer)
        await theirs.setLocalDescription(await theirs.createAnswer())
        answer = refuse_picture(theirs.localDescription.sdp)
        with pytest.raises(ValueError, match="ICE"):
            await ours.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await ours.setRemoteDescription(RTCSessionDescription(accept_rejected_media(answer, offer.sdp), "answer"))
        await eventually(lambda: ours.connectionState == "connected")
        assert picture.currentDirection == "inactive"
        assert sound.currentDirection == "sendonly"
        heard = next(each.receiver.track for each in theirs.getTransceivers() if each.kind == "audio")
        await heard.recv()
    finally:
        await ours.close()
        await theirs.close()


def test_what_is_taken_stays_as_it_is() -> None:
    answer = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 97\r\na=mid:0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
    assert accept_rejected_media(answer, answer) == answer


@pytest.mark.parametrize("answer", ["", "nonsense", "v=0\r\n" + REFUSED, "v=0\r\n" + REFUSED + "m=audio 9 RTP 1\r\n"])
def test_what_cannot_be_mended_stays_as_it_is(answer: str) -> None:
    assert accept_rejected_media(answer, "v=0\r\n" + REFUSED) == answer
