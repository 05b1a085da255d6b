"""What is made of a browser's statistics of sound."""

from __future__ import annotations

import pytest

from classroom.bench.browser import Moment
from classroom.bench.latency import sound_of


def moments(offset: float | None = 30.0) -> list[Moment]:
    """Held for 200 ms in the first four seconds, for 50 ms afterwards."""
    made = []
    held, emitted = 0.0, 0
    for number in range(20):
        held += 24_000 * (0.2 if number < 8 else 0.05)
        emitted += 24_000
        made.append(Moment(500.0 * number, held, emitted, 240 * number, offset))
    return made


def test_only_what_comes_after_settling_counts() -> None:
    found = sound_of(moments(), 4.0)
    assert found["sound"] == pytest.approx(50)
    assert found["made_up"] == pytest.approx(0.01)
    assert (found["offset"], found["offset_most"]) == (30.0, 30.0)


def test_the_largest_offset_is_an_amount() -> None:
    made = [*moments(-10.0), Moment(10_000, 5000.0, 600_000, 0, -90.0)]
    found = sound_of(made, 4.0)
    assert (found["offset"], found["offset_most"]) == (-10.0, 90.0)


def test_without_offsets_only_sound_is_told() -> None:
    assert set(sound_of(moments(None), 4.0)) == {"sound", "made_up"}


@pytest.mark.parametrize("known", [[], moments()[:1], moments()[:8]])
def test_too_little_is_nothing(known: list[Moment]) -> None:
    assert sound_of(known, 4.0) == {}
