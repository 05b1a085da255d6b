"""The one place that reaches into aiortc: each name it relies on, and the bytes that leave."""

from __future__ import annotations

import ast
import inspect
import queue
import struct
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import aiortc.codecs
import aiortc.rtp
import pytest
from aiortc import RTCDtlsTransport, RTCPeerConnection
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import (
    HeaderExtensions,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtpPacket,
    pack_remb_fci,
    unpack_header_extensions,
)
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from classroom.common.clock import ManualClock
from classroom.webrtc import aiortc_internals as rtp
from classroom.webrtc import aiortc_names as internals
from classroom.webrtc.aiortc_internals import (
    PlayoutDelay,
    RtcpListener,
    RtcpMessage,
    offer_playout_delay,
    playout_delay_for_new_senders,
)
from classroom.webrtc.aiortc_names import RELIED_ON
from classroom.webrtc.rtp.feedback import KeyFrameRequest, Nack, ReceiverReport, Remb
from classroom.webrtc.rtp.header import PacketTemplate, PacketTemplates
from classroom.webrtc.rtp.sound_jitter_buffer import SoundJitterBuffer, TimedOpus


def psfb(kind: int, media_ssrc: int, *, fci: bytes = b"") -> bytes:
    """Feedback on pictures of one kind (RFC 4585, section 6.3)."""
    return bytes(RtcpPsfbPacket(fmt=kind, ssrc=1, media_ssrc=media_ssrc, fci=fci))


def report(ssrc: int) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(ssrc, fraction_lost=64, packets_lost=3, highest_sequence=99, jitter=4, lsr=5, dlsr=6)


URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


@pytest.mark.parametrize(("holder", "name"), RELIED_ON, ids=[f"{holder}.{name}" for holder, name in RELIED_ON])
async def test_the_names_are_there(holder: str, name: str) -> None:
    assert hasattr(internals.holders()[holder], name)


@pytest.mark.parametrize("name", ["_handle_rtp_data", "_handle_rtcp_data"])
async def test_what_measurements_rely_on_besides_is_there(name: str) -> None:
    assert hasattr(internals.holders()["RTCDtlsTransport"], name)


def test_no_private_name_is_used_that_is_not_relied_on() -> None:
    """Every ``thing._name`` where aiortc's objects are, the thing not being the object itself or its class."""
    known = {name for _, name in RELIED_ON}
    measuring = {"_handle_rtp_data", "_handle_rtcp_data", "_remove_reader", "_sock"}
    root = Path(rtp.__file__).parent.parent
    unknown = {
        f"{path.relative_to(root)}:{node.lineno} {node.attr}"
        for path in root.rglob("*.py")
        if {"webrtc", "bench"} & set(path.relative_to(root).parts) or "aiortc" in path.read_text("utf-8")
        for node in _foreign(ast.parse(path.read_text("utf-8")))
        if node.attr not in known and not (path.parent.name == "bench" and node.attr in measuring)
    }
    assert unknown == set()


def _foreign(tree: ast.Module) -> Iterator[ast.Attribute]:
    own = {"self", "cls", *(node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.startswith("__"):
            continue
        if not (isinstance(node.value, ast.Name) and node.value.id in own):
            yield node


async def test_each_name_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert internals.missing() == []
    there = internals.holders()
    for holder, name in RELIED_ON:
        without = {**there, holder: Without(there[holder], name)}
        monkeypatch.setattr(internals, "holders", lambda without=without: without)
        assert f"{holder}.{name}" in internals.missing()


class Without:
    """Something with one name less, as after a new release of it."""

    def __init__(self, original: object, name: str) -> None:
        self._original = original
        self._name = name

    def __getattr__(self, name: str) -> object:
        if name == self._name:
            raise AttributeError(name)
        return getattr(self._original, name)


async def test_a_receiver_of_sound_decodes_what_a_window_gives_out() -> None:
    connection = RTCPeerConnection()
    receiver = connection.addTransceiver("audio").receiver
    buffer = vars(receiver)["_RTCRtpReceiver__jitter_buffer"]
    assert inspect.signature(buffer.add).parameters.keys() == inspect.signature(
        SoundJitterBuffer.add
    ).parameters.keys() - {"self"}
    window = SoundJitterBuffer(3)
    assert rtp.replace_jitter_buffer(receiver, window)
    codec = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48000, channels=2, payloadType=96)
    decoding: queue.Queue[tuple[object, TimedOpus]] = vars(receiver)["_RTCRtpReceiver__decoder_queue"]
    vars(receiver)["_RTCRtpReceiver__codecs"][96] = codec
    vars(receiver)["_RTCRtpReceiver__decoder_thread"] = object()
    for number in range(6):
        packet = RtpPacket(
            payload_type=96, sequence_number=number, timestamp=7000 + number * 960, payload=bytes([0xFC, number])
        )
        await receiver._handle_rtp_packet(packet, 0)
    given = [decoding.get_nowait() for _ in range(decoding.qsize())]
    assert given == [(codec, TimedOpus(bytes([0xFC, number]), number * 960)) for number in range(3)]
    vars(receiver)["_RTCRtpReceiver__decoder_thread"] = None
    await connection.close()


async def test_a_receiver_of_pictures_asks_for_what_is_missing_as_ours_does() -> None:
    connection = RTCPeerConnection()
    receiver = connection.addTransceiver("video").receiver
    theirs = vars(receiver)["_RTCRtpReceiver__nack_generator"], vars(receiver)["_RTCRtpReceiver__jitter_buffer"]
    rtp.repeat_nacks(receiver, ManualClock())
    ours = vars(receiver)["_RTCRtpReceiver__nack_generator"], vars(receiver)["_RTCRtpReceiver__jitter_buffer"]
    for old, new in zip(theirs, ours, strict=True):
        assert type(new) is not type(old)
        assert inspect.signature(old.add).parameters.keys() == inspect.signature(new.add).parameters.keys()
    assert theirs[0].missing == ours[0].missing == set()
    await connection.close()


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (psfb(1, 7), KeyFrameRequest((7,))),
        (psfb(1, 8), None),
        (psfb(4, 0, fci=struct.pack("!LB3xLB3x", 7, 1, 9, 1)), KeyFrameRequest((7, 9, 0))),
        (psfb(4, 8, fci=struct.pack("!LB3x", 8, 1)), None),
        (psfb(3, 7), None),
        (psfb(15, 0, fci=pack_remb_fci(800_000, [7, 8])), Remb(800_000, (7, 8))),
        (psfb(15, 0, fci=pack_remb_fci(800_000, [8])), None),
        (psfb(15, 0, fci=b"REMB"), None),
        (bytes(RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=7, lost=[5, 9])), Nack(7, (5, 9))),
        (bytes(RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=6, lost=[5, 9])), None),
        (bytes(RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=8, lost=[5, 9])), None),
        (bytes(RtcpRtpfbPacket(fmt=15, ssrc=1, media_ssrc=7, lost=[5, 9])), None),
        (bytes(RtcpRrPacket(ssrc=1, reports=[report(8), report(7)])), ReceiverReport(7, 0.25, 3, 4, 5, 6, 99)),
        (bytes(RtcpRrPacket(ssrc=1, reports=[report(8)])), None),
    ],
)
async def test_a_stream_hears_what_is_said_of_it_and_nothing_else(packet: bytes, expected: RtcpMessage | None) -> None:
    """What comes through aiortc, such as by a relay. REMB and FIR carry no stream outside."""
    heard: list[RtcpMessage] = []
    outside = isinstance(expected, KeyFrameRequest) and len(expected.ssrcs) > 1
    listener = RtcpListener(0 if outside else 7, heard.append)
    for each in RtcpPacket.parse(packet):
        await listener._handle_rtcp_packet(each)
    assert heard == ([] if expected is None else [expected])


def test_packets_are_numbered_through_the_end_of_their_16_bits_and_the_length_of_a_tag_is_learnt() -> None:
    key = bytes(range(30))
    sending, receiving = (
        Session(Policy(key=key, ssrc_type=kind)) for kind in (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND)
    )
    srtp = rtp.Srtp(cast(RTCDtlsTransport, SimpleNamespace(_tx_srtp=sending)))
    srtp.tag = 4
    templates = PacketTemplates([b"one", b"two!", b"three"], ends=True)

    def sealed(sequence: int) -> tuple[PacketTemplate, memoryview | None]:
        template = templates.get(0, srtp.tag)
        return template, srtp.seal(template, payload_type=97, sequence=sequence, stamp=9, ssrc=7, extensions=b"")

    assert sealed(50_000)[1] is None
    assert srtp.tag == 10
    template, data = sealed(65_534)
    assert data is not None
    packets = [
        RtpPacket.parse(receiving.unprotect(bytes(data[at : at + size + srtp.tag]))) for at, size, _ in template.packets
    ]
    assert [packet.sequence_number for packet in packets] == [65_534, 65_535, 0]
    assert [packet.payload for packet in packets] == [b"one", b"two!", b"three"]
    assert [packet.marker for packet in packets] == [0, 0, 1]


def test_a_report_that_cannot_be_used_stops_none_after_it() -> None:
    usual: list[bytes] = []
    protocol = SimpleNamespace(datagram_received=lambda data, _: usual.append(data))
    ice = SimpleNamespace(_nominated={1: SimpleNamespace(protocol=protocol)})
    srtp = SimpleNamespace(unprotect_rtcp=lambda data: data)
    transport = SimpleNamespace(transport=SimpleNamespace(_connection=ice), _rx_srtp=srtp)
    heard: list[RtcpMessage] = []

    def receive(message: RtcpMessage) -> None:
        heard.append(message)
        if len(heard) == 1:
            raise ZeroDivisionError

    rtp.intercept_rtcp(cast(RTCDtlsTransport, transport), receive)
    for _ in range(2):
        protocol.datagram_received(bytes(RtcpRrPacket(ssrc=1, reports=[report(7), report(8)])), ("192.0.2.1", 9))
    protocol.datagram_received(b"\x16\xfe\xfd", ("192.0.2.1", 9))
    assert [message.ssrc for message in heard if isinstance(message, ReceiverReport)] == [7, 8, 7, 8]
    assert usual == [b"\x16\xfe\xfd"]


def test_a_receiver_of_another_make_stays_as_it_is() -> None:
    assert not rtp.replace_jitter_buffer(object(), SoundJitterBuffer(3))  # type: ignore[arg-type]


def test_senders_take_their_map_from_the_place_that_is_replaced() -> None:
    assert offer_playout_delay()
    assert offer_playout_delay(), "twice is as good as once"
    assert [extension.uri for extension in aiortc.codecs.HEADER_EXTENSIONS["video"]].count(URI) == 1
    assert aiortc.rtcrtpsender.rtp is aiortc.rtp  # type: ignore[attr-defined]


async def test_the_extension_is_offered() -> None:
    offer_playout_delay()
    connection = RTCPeerConnection()
    connection.addTransceiver("video", direction="sendonly")
    assert URI in (await connection.createOffer()).sdp
    await connection.close()


def test_without_a_name_everything_goes_on_without_the_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtp, "FOR_DELAY", (("aiortc.rtp", "NoSuchName"),))
    assert not offer_playout_delay()


def serialized(delay: PlayoutDelay | None, *, extension_id: int = 5, mid: str = "0") -> dict[int, bytes]:
    offer_playout_delay()
    with playout_delay_for_new_senders(delay):
        extensions = aiortc.rtp.HeaderExtensionsMap()
    agreed = [RTCRtpHeaderExtensionParameters(id=1, uri=MID)]
    if extension_id:
        agreed.append(RTCRtpHeaderExtensionParameters(id=extension_id, uri=URI))
    extensions.configure(RTCRtpParameters(headerExtensions=agreed))
    packet = RtpPacket(payload_type=96, payload=b"payload")
    packet.extensions = HeaderExtensions(mid=mid)
    data = packet.serialize(extensions)
    assert RtpPacket.parse(data, extensions).payload == b"payload"
    profile = int.from_bytes(data[12:14], "big")
    length = int.from_bytes(data[14:16], "big") * 4
    return dict(unpack_header_extensions(profile, data[16 : 16 + length]))


@given(st.integers(0, 50_000), st.integers(0, 50_000), st.text("abc0123", min_size=1, max_size=8), st.integers(2, 14))
def test_the_delay_stands_in_every_packet(least: int, most: int, mid: str, extension_id: int) -> None:
    found = serialized(PlayoutDelay(least, most), extension_id=extension_id, mid=mid)
    assert found[1] == mid.encode()
    value = int.from_bytes(found[extension_id], "big")
    low, high = value >> 12, value & 0xFFF
    assert low == min(4095, round(least / 10))
    assert high == max(low, min(4095, round(most / 10)))


def test_nothing_is_added_where_it_was_not_agreed_or_not_asked_for() -> None:
    assert set(serialized(PlayoutDelay(0, 0), extension_id=0)) == {1}
    assert set(serialized(None)) == {1}
