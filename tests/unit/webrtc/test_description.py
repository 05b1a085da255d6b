"""Descriptions of peers: what aiortc may be given, and that nothing else reaches it."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import Literal

import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classroom.common.errors import WireError
from classroom.webrtc.candidates import MOST_CANDIDATES
from classroom.webrtc.description import BAD_DESCRIPTION, check_description
from classroom.webrtc.rejected_media import accept_rejected_media

CANDIDATE = "a=candidate:1 1 udp 2122260223 192.168.0.{} 46243 typ host"


@functools.cache
def descriptions() -> tuple[str, str]:
    """What we offer and what a peer answers."""

    async def negotiate() -> tuple[str, str]:
        ours = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        theirs = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        try:
            ours.addTransceiver("audio", direction="sendonly")
            ours.addTransceiver("video", direction="sendonly")
            await ours.setLocalDescription(await ours.createOffer())
            await theirs.setRemoteDescription(RTCSessionDescription(ours.localDescription.sdp, "offer"))
            await theirs.setLocalDescription(await theirs.createAnswer())
            return ours.localDescription.sdp, theirs.localDescription.sdp
        finally:
            await ours.close()
            await theirs.close()

    return asyncio.run(negotiate())


def answer() -> str:
    return descriptions()[1]


def test_candidates_are_taken_out_and_only_so_many() -> None:
    lines = "\r\n".join(CANDIDATE.format(number) for number in range(200))
    sdp = re.sub(r"a=candidate.*\r\n", "", answer()).replace("a=rtcp-mux", lines + "\r\na=rtcp-mux", 1)
    found = check_description(sdp, "answer")
    assert "candidate" not in found.sdp
    assert [each.line for each in found.candidates] == [CANDIDATE.format(number) for number in range(MOST_CANDIDATES)]
    assert {(each.mid, each.line_index) for each in found.candidates} == {("0", 0)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r"a=fingerprint.*\r\n", ""),
        (r"a=setup.*\r\n", ""),
        (r"a=mid.*\r\n", ""),
        (r"a=mid:1", "a=mid:0"),
        (r"a=mid:1", "a=mid:" + "x" * 40),
        (r"a=ice-ufrag.*\r\n", ""),
        (r"a=ice-ufrag:.*\r\n", f"a=ice-ufrag:{'x' * 65}\r\n"),
        (r"a=ice-ufrag:.*\r\n", "a=ice-ufrag:a b c d\r\n"),
        (r"a=ice-pwd:.*\r\n", f"a=ice-pwd:{'x' * 257}\r\n"),
        (r"a=ice-pwd:.*\r\n", "a=ice-pwd:short\r\n"),
        (r"a=fingerprint:.*\r\n", "a=fingerprint:sha-256 nonsense\r\n"),
        (r"a=setup:.*\r\n", "a=setup:holdconn\r\n"),
        (r"m=video", "m=application"),
        (r"m=video \d+", "m=video 99999"),
        (r"m=video (\d+) (\S+) ", r"m=video \1 \2 72 "),
        (r"a=rtpmap:96", "a=rtpmap:300"),
        (r"a=rtpmap:96", "a=rtpmap:200"),
        (r"a=rtcp-mux", "a=fmtp:99 x=1\r\na=rtcp-mux"),
        (r"a=rtcp-mux", "a=extmap:x y\r\na=rtcp-mux"),
        (r"a=rtcp-mux", "a=extmap\r\na=rtcp-mux"),
        (r"(?s)m=.*", ""),
        (r"s=-", "s=" + "x" * 3000),
    ],
)
def test_what_aiortc_would_stumble_over_is_refused_with_a_sentence(before: str, after: str) -> None:
    sdp = re.sub(before, after, answer())
    assert sdp != answer()
    with pytest.raises(WireError) as refused:
        check_description(sdp, "answer")
    assert len(str(refused.value)) < 120


def test_a_student_who_would_send_is_not_listened_to() -> None:
    for said in ("sendrecv", "sendonly", ""):
        sdp = re.sub(r"a=recvonly\r\n", f"a={said}\r\n" if said else "", answer())
        taken = check_description(sdp, "answer").sdp
        assert "a=sendrecv" not in taken
        assert "a=sendonly" not in taken
        assert len(re.findall(r"a=(?:recvonly|inactive)\r\n", taken)) == 2


@pytest.mark.parametrize("group", ["BUNDLE 0 7", "BUNDLE 0 0", "BUNDLE 0 1 2"])
def test_an_offer_bundles_what_it_has(group: str) -> None:
    offer = descriptions()[0]
    check_description(offer, "offer")
    with pytest.raises(WireError):
        check_description(re.sub(r"BUNDLE.*", group, offer), "offer")


async def take(sdp: str, kind: Literal["offer", "answer"]) -> list[str]:
    """Give aiortc a description that was vetted; what it stumbles over, and what nobody was told of."""
    unseen: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unseen.append(str(context.get("exception"))))
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    try:
        try:
            if kind == "answer":
                connection.addTransceiver("audio", direction="sendonly")
                connection.addTransceiver("video", direction="sendonly")
                await connection.setLocalDescription(await connection.createOffer())
                sdp = accept_rejected_media(check_description(sdp, kind).sdp, connection.localDescription.sdp)
            else:
                sdp = check_description(sdp, kind).sdp
            await connection.setRemoteDescription(RTCSessionDescription(sdp, kind))
            if kind == "offer":
                await connection.setLocalDescription(await connection.createAnswer())
        except (AssertionError, RuntimeError) as fault:
            unseen.append(repr(fault))
        except (*BAD_DESCRIPTION, WireError):
            pass  # refused with a line
        for _ in range(3):
            await asyncio.sleep(0)
    finally:
        await connection.close()
        loop.set_exception_handler(None)
    return unseen


@st.composite
def changed(draw: st.DrawFn, kind: Literal["offer", "answer"]) -> str:
    """A description with some lines left out, doubled, moved, cut off, or with other values."""
    lines = (descriptions()[0] if kind == "offer" else answer()).split("\r\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 6)):
            case 0:
                lines[at : at + 1] = []
            case 1:
                lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
            case 2:
                lines[at] = lines[at][: draw(st.integers(0, 40))]
            case 3:
                lines[at] = lines[at].partition(":")[0] + ":" + draw(st.text(max_size=20))
            case 4:
                lines[at] = re.sub(r"\d+", lambda _: str(draw(st.integers(0, 70_000))), lines[at], count=2)
            case 5:
                words = lines[at].split(" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(["", "0", "-1", "x", "rtx/90000"]))
                lines[at] = " ".join(words)
            case _:
                name = draw(
                    st.sampled_from(["rtpmap", "fmtp", "rtcp-fb", "extmap", "ssrc", "ssrc-group", "rtcp", "mid"])
                )
                lines.insert(at, f"a={name}:{draw(st.text('0189 x/=;:', max_size=12))}")
        lines = lines or [""]
    return "\r\n".join(lines)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed("answer"))
async def test_no_answer_reaches_an_assertion(sdp: str) -> None:
    assert await take(sdp, "answer") == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed("offer"))
async def test_no_offer_reaches_an_assertion(sdp: str) -> None:
    assert await take(sdp, "offer") == []


@given(st.text(max_size=300) | st.text("vomact=0 :/\r\n", max_size=300))
def test_any_text_is_taken_or_refused(text: str) -> None:
    for kind in ("offer", "answer"):
        try:
            check_description(text, kind)
        except WireError:
            pass
