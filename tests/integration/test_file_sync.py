"""Picture and sound of a file are together in the packets of the program, whenever and however long it plays.

A picture waits for the next tick, so what is seen is late against what is heard by up to 33 ms, and no more.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path

import pytest

from classroom.media.sources.file import MediaFile
from tests.support.clips import clip
from tests.support.senses import beeps_after
from tests.support.virtual_program import FPS, SIZE, VirtualProgram

EARLIEST, LATEST = -1 / FPS - 0.004, 0.010
"""Opus blurs where a beep begins by less than 4 ms, and AAC fades in for 10 ms where a file begins again."""


STANDS = 0.14
"""The first picture, which flashes, is shown for longer than that before the file begins and beeps."""


def program_of(path: Path, **keys: bool) -> VirtualProgram:
    return VirtualProgram(lambda clock: MediaFile(name="film", clock=clock, path=path, **keys))


def played(path: Path, seconds: float, takes: tuple[float, ...] = (), **keys: bool) -> list[float]:
    """By how many seconds each beep came after its flash."""
    program = program_of(path, **keys)
    program.play(seconds, takes)
    return beeps_after(program.eye.flashes, program.ear.beeps, within=STANDS)


def apart(late: Sequence[float]) -> list[float]:
    """Those that are not together, in ms."""
    return [round(1000 * each, 1) for each in late if not EARLIEST <= each <= LATEST]


def test_a_long_file_is_together_to_its_end(tmp_path: Path) -> None:
    late = played(clip(tmp_path / "film.mp4", seconds=60.0, size=SIZE), 60.0)
    assert len(late) == 119
    assert apart(late) == []
    assert statistics.mean(late[-20:]) == pytest.approx(statistics.mean(late[:20]), abs=0.005)


@pytest.mark.parametrize(("more", "less"), [(0.0, 0.2), (0.0, 0.04), (0.0, 0.0), (0.08, 0.0), (0.16, 0.0)])
def test_a_loop_is_together_however_long_its_sound_is(tmp_path: Path, more: float, less: float) -> None:
    film = clip(tmp_path / "film.mkv", seconds=2.28, size=SIZE, more_sound=more, less_sound=less)
    late = played(film, 12.0, loop=True)
    assert len(late) > 20
    assert apart(late) == []


def test_a_loop_has_no_gap(tmp_path: Path) -> None:
    program = program_of(clip(tmp_path / "film.mkv", seconds=2.28, size=SIZE), loop=True)
    program.play(12.0)
    rounds = program.ear.beeps[::5]
    assert len(rounds) > 4
    steps = [later - earlier for earlier, later in itertools.pairwise(rounds)]
    assert steps == pytest.approx([2.28] * len(steps), abs=0.015)


def test_a_file_is_together_each_time_it_comes_on_air(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=10.0, size=SIZE)
    late = played(film, 12.0, takes=(1.0, 2.95, 4.0, 5.95, 6.0, 7.95, 7.99, 10.0))
    assert len(late) > 8
    assert apart(late) == []


def test_a_file_that_plays_on_is_not_torn_by_what_is_on_air(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=10.0, size=SIZE)
    late = played(film, 10.0, takes=tuple(0.5 + number * 0.113 for number in range(80)), restart=False)
    assert len(late) == 20
    assert apart(late) == []
