"""Cards that count down: to a time of day, and from when they come on air."""

from __future__ import annotations

import time as wall_clock
from datetime import datetime, time, timedelta

import av
import numpy as np
import pytest

from classroom.common.clock import ManualClock
from classroom.media.sources.card import Card
from classroom.media.sources.card_drawing import CardDrawing

SIZE = (640, 360)


class Wall:
    """The clock on the wall, moved with the other one."""

    def __init__(self, clock: ManualClock, begin: str) -> None:
        self._clock, self._begin = clock, datetime.fromisoformat(begin) - timedelta(seconds=clock.now())

    def __call__(self) -> datetime:
        return self._begin + timedelta(seconds=self._clock.now())


def shown(card: Card) -> av.VideoFrame | None:
    """What one read delivers; it does not wait, for the card is interrupted."""
    assert card.picture is not None
    before = card.picture.newest()
    card.interrupted.set()
    card.read()
    newest = card.picture.newest()
    return None if newest is None or newest is before else newest.frame


def same(frame: av.VideoFrame | None, drawing: CardDrawing, line: str) -> bool:
    return frame is not None and np.array_equal(frame.to_ndarray(), drawing.frame(line).to_ndarray())


def test_it_counts_to_a_time_of_day_and_stays_at_zero() -> None:
    clock = ManualClock(100.0)
    card = Card(
        name="pause",
        clock=clock,
        title="Back at",
        size=SIZE,
        countdown=time(10, 15),
        today=Wall(clock, "2026-11-23 10:13:58"),
    )
    card.open()
    drawing = CardDrawing("Back at", "", None, SIZE, "1:02")
    assert same(shown(card), drawing, "1:02")
    assert shown(card) is None
    clock.advance(0.5)
    assert shown(card) is None
    clock.advance(0.6)
    assert same(shown(card), drawing, "1:01")
    clock.advance(61)
    assert same(shown(card), drawing, "0:00")
    clock.advance(3600)
    assert shown(card) is None


def test_midnight_is_no_obstacle() -> None:
    clock = ManualClock()
    card = Card(name="x", clock=clock, size=SIZE, countdown=time(0, 10), today=Wall(clock, "2026-11-23 23:50:00"))
    card.open()
    assert same(shown(card), CardDrawing("", "", None, SIZE, "20:00"), "20:00")


def test_it_counts_from_when_it_comes_on_air_each_time() -> None:
    clock = ManualClock(100.0)
    card = Card(name="pause", clock=clock, title="Pause", size=SIZE, countdown=3700)
    card.open()
    drawing = CardDrawing("Pause", "", None, SIZE, "1:01:40")
    assert same(shown(card), drawing, "1:01:40")
    clock.advance(50)
    assert shown(card) is None
    card.on_air_since = clock.now()
    clock.advance(101)
    assert same(shown(card), drawing, "59:59")
    card.on_air_since = None
    assert same(shown(card), drawing, "1:01:40")


def test_it_goes_on_where_its_text_is_changed_while_it_is_on_air() -> None:
    clock = ManualClock(100.0)
    before = Card(name="pause", clock=clock, title="Paus", size=SIZE, countdown=3700)
    before.on_air_since = clock.now()
    clock.advance(101)
    card = Card(name="pause", clock=clock, title="Pause", size=SIZE, countdown=3700)
    card.succeed(before, 1 << 32)
    card.open()
    drawing = CardDrawing("Pause", "", None, SIZE, "1:01:40")
    assert same(shown(card), drawing, "59:59")
    card.on_air_since = None
    assert same(shown(card), drawing, "1:01:40")
    other = Card(name="break", clock=clock, size=SIZE, countdown=60)
    other.succeed(before, 1 << 32)
    assert other.on_air_since is None


@pytest.mark.parametrize("text", ["", "Get a coffee.\nStretch."])
def test_the_digits_are_below_the_title_and_on_nothing_else(text: str) -> None:
    drawing = CardDrawing("Back soon", text, None, SIZE, "10:00")
    without, with_digits = (drawing.frame(line).to_ndarray(format="rgb24").astype(int) for line in ("", "9:59"))
    rows = np.nonzero(np.abs(without - with_digits).max(axis=(1, 2)) > 60)[0]
    # What was there is left as it is: the digits lie on empty ground.
    assert without[rows.min() + 1 : rows.max()].max() < 90
    title = np.nonzero(without.max(axis=(1, 2)) > 200)[0]
    assert title.min() < rows.min()
    assert rows.max() < SIZE[1] - 10


@pytest.mark.skipif(not hasattr(wall_clock, "tzset"), reason="the time zone of a process is set on Unix only")
def test_the_change_to_summer_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    wall_clock.tzset()
    try:
        wall = Wall(clock, "2026-03-29 01:30:00")
        card = Card(name="x", clock=clock, size=SIZE, countdown=time(3, 30), today=wall)
        card.open()
        assert same(shown(card), CardDrawing("", "", None, SIZE, "1:00:00"), "1:00:00")
    finally:
        monkeypatch.undo()
        wall_clock.tzset()
