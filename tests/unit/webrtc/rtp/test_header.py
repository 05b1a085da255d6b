"""Packets as they are laid out once and completed for each student, parsed by aiortc."""

from __future__ import annotations

from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket, unpack_header_extensions
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.datagram import LARGEST_RUN
from classroom.webrtc.rtp.header import (
    ABSOLUTE_SEND_TIME,
    MID,
    PLAYOUT_DELAY,
    HeaderExtensions,
    PacketTemplates,
    PlayoutDelay,
    send_time,
)

ids = st.dictionaries(st.sampled_from([MID, ABSOLUTE_SEND_TIME, PLAYOUT_DELAY]), st.integers(1, 14)).filter(
    lambda each: len(set(each.values())) == len(each)
)


@given(ids, st.text("abc019", min_size=1, max_size=16), st.booleans(), st.floats(0, 1e6))
def test_extensions_say_what_was_agreed_on(agreed: dict[str, int], mid: str, delayed: bool, now: float) -> None:
    delay = PlayoutDelay(20, 300) if delayed else None
    extensions = HeaderExtensions(agreed, mid=mid, delay=delay)
    packed = extensions.pack(send_time(now))
    assert len(packed) == extensions.size
    data = bytes([0x90 if packed else 0x80, 96]) + bytes(10) + packed + b"payload"
    known = HeaderExtensionsMap()
    known.configure(
        RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(id=i, uri=u) for u, i in agreed.items()])
    )
    packet = RtpPacket.parse(data, known)
    assert packet.payload == b"payload"
    assert packet.extensions.mid == (mid if MID in agreed else None)
    assert packet.extensions.abs_send_time == (int(now * 2**18) % 2**24 if ABSOLUTE_SEND_TIME in agreed else None)
    if delayed and PLAYOUT_DELAY in agreed:
        found = dict(unpack_header_extensions(0xBEDE, packed[4:]))
        assert found[agreed[PLAYOUT_DELAY]] == (2 << 12 | 30).to_bytes(3, "big")


@given(st.lists(st.integers(1, 60), min_size=1, max_size=120), st.booleans(), st.integers(0, 5), st.integers(8, 16))
def test_a_layout_is_its_packets_and_its_runs_are_datagrams(sizes: list[int], ends: bool, words: int, tag: int) -> None:
    payloads = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    template = PacketTemplates(payloads, ends=ends).get(4 * words, tag)
    head = 12 + 4 * words
    for (at, size, marker), payload in zip(template.packets, payloads, strict=True):
        assert template.data[at + head : at + size] == payload
        assert marker == (0x80 if ends and payload is payloads[-1] else 0)
    assert template.octets == sum(sizes)
    cut = []
    for first, end, stride in template.runs:
        pieces = [template.data[at : min(at + stride, end)] for at in range(first, end, stride)]
        assert len(pieces) <= LARGEST_RUN
        cut += pieces
    assert cut == [template.data[at : at + size + tag] for at, size, _ in template.packets]


def test_equal_payloads_leave_in_one_run() -> None:
    assert len(PacketTemplates([b"x" * 100] * 9 + [b"x" * 40], ends=True).get(16, 10).runs) == 1
    assert len(PacketTemplates([b"x" * 40] + [b"x" * 100] * 9, ends=True).get(16, 10).runs) == 2
