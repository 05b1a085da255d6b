from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.signaling.rate_limits import LONGEST_DELAY, MessageRates, SignInRates, TokenBucket


def test_a_burst_is_free_then_each_waits_for_its_token_and_the_rest_is_refused() -> None:
    bucket = TokenBucket(rate=10.0, burst=20.0)
    delays = [bucket.take(0.0, 2.0) for _ in range(60)]
    assert delays[:20] == [0.0] * 20
    assert delays[20:40] == pytest.approx([n / 10 for n in range(1, 21)])
    assert delays[40:] == [None] * 20
    assert bucket.take(1.0, 2.0) == pytest.approx(1.1)


def test_what_is_refused_takes_no_token() -> None:
    bucket = TokenBucket(rate=1.0, burst=2.0)
    for _ in range(1000):
        bucket.take(0.0, 0.0)
    assert bucket.take(1.0, 0.0) == 0.0


def test_a_pause_fills_the_bucket_and_no_more() -> None:
    bucket = TokenBucket(rate=10.0, burst=20.0)
    for _ in range(20):
        bucket.take(0.0, 0.0)
    assert [bucket.take(1e6, 0.0) for _ in range(21)] == [0.0] * 20 + [None]


@given(st.lists(st.floats(0, 0.2), max_size=300), st.sampled_from([1.0, 5.0, 50.0]))
def test_no_more_than_burst_and_rate_pass_in_any_time(pauses: list[float], rate: float) -> None:
    bucket = TokenBucket(rate, 2 * rate)
    now, served = 0.0, []
    for pause in pauses:
        now += pause
        delay = bucket.take(now, LONGEST_DELAY)
        if delay is not None:
            assert 0.0 <= delay <= LONGEST_DELAY
            served.append(now + delay)
    assert served == sorted(served), "a later message would overtake an earlier one"
    if served:
        assert len(served) <= 2 * rate + rate * served[-1] + 1.001


def test_members_do_not_share_a_pace() -> None:
    paces = MessageRates(rate=1.0, arriving=100, known=lambda member: True)
    assert [paces.take(1, 0.0) for _ in range(3)] == [0.0, 0.0, 1.0]
    assert paces.take(2, 0.0) == 0.0


def test_what_is_on_its_way_is_bounded_for_each_member() -> None:
    paces = MessageRates(rate=1.0, arriving=100, known=lambda member: True)
    assert paces.arrive(1, 60)
    assert not paces.arrive(1, 60)
    assert paces.arrive(2, 60)
    paces.arrive(1, -120)
    assert paces.arrive(1, 100)


def test_who_is_gone_is_forgotten() -> None:
    paces = MessageRates(rate=1.0, arriving=100, known=lambda member: member > 9_990)
    for member in range(10_000):
        paces.take(member, 0.0)
    assert len(paces) < 100


def test_a_whole_class_signs_in_at_once_from_one_address_and_then_a_few_a_second() -> None:
    sign_ins = SignInRates(rate=5.0, places=lambda: 200)
    assert [sign_ins.take("192.0.2.1", 0.0) for _ in range(200)] == [0.0] * 200
    assert sign_ins.take("192.0.2.1", 0.0) == pytest.approx(0.2)
    delays = [sign_ins.take("192.0.2.1", 0.0) for _ in range(1000)]
    assert sum(delay is not None for delay in delays) == 9
    assert sign_ins.take("192.0.2.1", 1.0) is not None
    assert sign_ins.take("192.0.2.2", 0.0) == 0.0
    assert [sign_ins.take("192.0.2.1", 100.0) for _ in range(200)] == [0.0] * 200


def test_a_machine_cannot_sign_in_faster_with_more_ipv6_addresses() -> None:
    sign_ins = SignInRates(rate=1.0, places=lambda: 10)
    taken = [sign_ins.take(f"2001:db8::{number:x}", 0.0) for number in range(1, 100)]
    assert sum(delay is not None for delay in taken) == 12
    assert sign_ins.take("2001:db8:0:1::1", 0.0) == 0.0


def test_more_places_let_more_in_at_once() -> None:
    places = 10
    sign_ins = SignInRates(rate=1.0, places=lambda: places)
    for _ in range(20):
        sign_ins.take("192.0.2.1", 0.0)
    places = 50
    assert [sign_ins.take("192.0.2.1", 1000.0) for _ in range(50)] == [0.0] * 50


def test_addresses_are_remembered_up_to_a_number() -> None:
    sign_ins = SignInRates(rate=1.0, places=lambda: 1)
    for number in range(10_000):
        sign_ins.take(f"10.0.{number // 256}.{number % 256}", 0.0)
    assert len(sign_ins) <= 1024
