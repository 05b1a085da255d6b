"""What is held back of sound: never more than was said, whatever is lost, comes twice, late or out of order."""

from __future__ import annotations

import pytest
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.sound_jitter_buffer import SoundJitterBuffer, TimedOpus

KIND = 0xFC
HELD = 3
STEP = 960


def packet(number: int, *, ssrc: int = 1, kind: int = KIND, timestamp: int | None = None) -> RtpPacket:
    """One of 20 ms whose frame tells its number."""
    stamp = number * STEP if timestamp is None else timestamp
    payload = bytes([kind]) + number.to_bytes(4, "big")
    return RtpPacket(ssrc=ssrc, sequence_number=number % 65536, timestamp=stamp % 2**32, payload=payload)


def given_out(held: TimedOpus | None) -> list[int | None]:
    """The numbers of the packets in what was given out; None where the decoder is to make up for one."""
    if held is None:
        return []
    kind, data = held.data[0], held.data[1:]
    if kind & 3 == 0:
        return [int.from_bytes(data, "big") if data else None]
    assert kind == KIND | 3
    assert data[0] & 0xC0 == 0x80
    lengths = data[1 : data[0] & 0x3F]
    frames, rest = [], data[data[0] & 0x3F :]
    for length in lengths:
        frames.append(rest[:length])
        rest = rest[length:]
    return [int.from_bytes(frame, "big") if frame else None for frame in (*frames, rest)]


def pass_through(window: SoundJitterBuffer, packets: list[RtpPacket]) -> list[list[int | None]]:
    """What each packet brings out."""
    return [given_out(window.add(each)[1]) for each in packets]


def test_aiortcs_own_buffer_falls_silent_after_a_loss_and_stays_late() -> None:
    """Why there is one of ours; should this fail one day, aiortc may have mended it."""
    buffer = JitterBuffer(capacity=16, prefetch=HELD)
    behind = []
    newest = -1
    for number in [*range(20), *range(21, 60)]:
        each = packet(number)
        each._data = each.payload  # type: ignore[attr-defined]
        frame = buffer.add(each)[1]
        newest = newest if frame is None else int.from_bytes(frame.data[1:], "big")
        behind.append(number - newest)
    assert behind[19] == HELD
    assert max(behind) > 15
    assert behind[-1] > 3 * HELD


def test_one_that_is_lost_costs_one_packet_of_waiting_and_no_delay() -> None:
    came = [packet(number) for number in range(40) if number != 20]
    assert pass_through(SoundJitterBuffer(HELD), came)[19:26] == [[16], [17, 18], [19], [None], [21], [22], [23]]


@pytest.mark.parametrize("lost", range(1, 6))
def test_some_in_a_row_are_all_made_up_for(lost: int) -> None:
    came = [packet(number) for number in range(60) if not 20 <= number < 20 + lost]
    window = SoundJitterBuffer(HELD)
    out = [number for each in pass_through(window, came) for number in each]
    assert out == [*range(20), *[None] * lost, *range(20 + lost, 57)]
    assert len(window) == HELD


def test_an_outage_is_silence_after_its_beginning() -> None:
    came = [packet(number) for number in range(100) if not 20 <= number < 60]
    out = [number for each in pass_through(SoundJitterBuffer(HELD), came) for number in each]
    assert out == [*range(20), None, None, None, *range(60, 97)]


def test_order_is_put_right() -> None:
    order = [0, 1, 2, 3, 5, 4, 6, 9, 7, 8, 10, 11, 12, 13]
    out = [
        number for each in pass_through(SoundJitterBuffer(HELD), [packet(each) for each in order]) for number in each
    ]
    assert out == list(range(11))


def test_what_comes_twice_or_too_late_is_left_out() -> None:
    order = [0, 1, 1, 2, 3, 4, 5, 6, 1, 7, 7, 8]
    out = [
        number for each in pass_through(SoundJitterBuffer(HELD), [packet(each) for each in order]) for number in each
    ]
    assert out == list(range(6))


def test_sequence_numbers_and_time_stamps_begin_again_at_nothing() -> None:
    came = [packet(number, timestamp=2**32 + (number - 65536) * STEP) for number in range(65500, 65600)]
    del came[36]  # the very first after the wrap
    window = SoundJitterBuffer(HELD)
    held = [each for each in (window.add(each)[1] for each in came) if each is not None]
    out = [number for each in held for number in given_out(each)]
    assert out == [*range(65500, 65536), None, *range(65537, 65597)]
    stamps = [each.timestamp for each in held]
    assert stamps[-1] == 60 * STEP
    assert all(0 <= stamp < 2**32 for stamp in stamps)


@pytest.mark.parametrize("then", [5000, 30000, 65000])
def test_a_stream_that_begins_anew_is_followed_at_once(then: int) -> None:
    window = SoundJitterBuffer(HELD)
    came = [packet(number) for number in [*range(1000, 1020), *range(then, then + 10)]]
    out = [number for each in pass_through(window, came) for number in each]
    assert out == [*range(1000, 1017), *range(then, then + 7)]


def test_another_stream_in_its_place_is_followed_at_once() -> None:
    came = [*(packet(number) for number in range(20)), *(packet(number, ssrc=2) for number in range(21, 31))]
    out = [number for each in pass_through(SoundJitterBuffer(HELD), came) for number in each]
    assert out == [*range(17), *range(21, 28)]


def test_time_stamps_that_jump_in_silence_are_no_loss_and_are_not_joined() -> None:
    late = 20 * STEP
    came = [packet(number, timestamp=number * STEP + (late if number > 8 else 0)) for number in range(16)]
    del came[11]
    window = SoundJitterBuffer(HELD)
    held = [each for each in (window.add(each)[1] for each in came) if each is not None]
    assert [given_out(each) for each in held[8:]] == [[8], [9, 10], [None], [12]]
    assert held[9].timestamp == 9 * STEP + late


def test_a_change_of_kind_is_no_reason_to_wait() -> None:
    window = SoundJitterBuffer(HELD)
    came = [packet(number, kind=KIND if number < 8 else KIND ^ 4) for number in range(20) if number not in (7, 11)]
    out = [number for each in [window.add(each)[1] for each in came] if each for number in [each.data[0] & 0xFC]]
    assert set(out) == {KIND, KIND ^ 4}
    assert len(window) == HELD


def test_an_empty_packet_counts_as_lost() -> None:
    came = [packet(number) for number in range(20)]
    came[10] = RtpPacket(ssrc=1, sequence_number=10, timestamp=10 * STEP)
    out = [number for each in pass_through(SoundJitterBuffer(HELD), came) for number in each]
    assert out == [*range(10), None, *range(11, 17)]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 5), st.sampled_from([0x78, 0xFC, 0xF8, 0xFF, 0x18]))),
    st.integers(0, 5),
    st.integers(0, 65535),
)
def test_never_more_is_held_and_time_never_goes_back(
    network: list[tuple[int, int, int]], held: int, first: int
) -> None:
    """Each packet is lost (0), comes twice (9), or comes once, and up to five places early or late."""
    came = [
        (place + shift, packet(first + place, kind=kind, timestamp=place * 2880))
        for place, (fate, shift, kind) in enumerate(network)
        for _ in range({0: 0, 9: 2}.get(fate, 1))
    ]
    window = SoundJitterBuffer(held)
    last = -1
    for _, each in sorted(came, key=lambda pair: pair[0]):
        asked, out = window.add(each)
        assert not asked
        assert len(window) <= held
        if out is not None:
            assert out.timestamp > last
            last = out.timestamp


@given(st.sets(st.integers(5, 190)), st.integers(0, 65535))
def test_all_that_came_is_heard_once_and_in_order_and_the_end_is_no_later_than_without_loss(
    lost: set[int], first: int
) -> None:
    kept = [number for number in range(200) if number not in lost]
    out = [
        number
        for each in pass_through(SoundJitterBuffer(HELD), [packet(first + each) for each in kept])
        for number in each
    ]
    assert [number for number in out if number is not None] == [first + each for each in kept if each < 197]
