"""How the packets of a picture are spread over time."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.pacer import BURST, SPREAD, portions


@given(st.integers(1, 2000))
def test_every_packet_leaves_once_in_order_and_in_time(packets: int) -> None:
    made = portions(packets)
    assert [number for each in made for number in range(each.first, each.end)] == list(range(packets))
    assert [each.after for each in made] == sorted(each.after for each in made)
    assert made[0].after == 0
    assert made[-1].after < SPREAD


@given(st.integers(1, BURST))
def test_an_ordinary_picture_leaves_at_once(packets: int) -> None:
    assert len(portions(packets)) == 1


@given(st.integers(BURST + 1, 2000))
def test_a_large_picture_leaves_in_small_portions_evenly(packets: int) -> None:
    made = portions(packets)
    assert max(each.end - each.first for each in made) <= 12
    pauses = [later.after - earlier.after for earlier, later in itertools.pairwise(made)]
    assert max(pauses) - min(pauses) < 1e-9
