"""Sound goes with its picture: at once with a cut, evenly with a fade, from what is heard when a fade is broken off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.director import Director, Scene
from classroom.director.heard import heard


def director(now: float = 0.0) -> Director:
    scenes = {
        "film": Scene("film", "full", ("film",)),
        "both": Scene("both", "side-by-side", ("film", "camera")),
        "talk": Scene("talk", "full", ("camera",)),
        "screen": Scene("screen", "full", ("screen",)),
    }
    return Director(scenes=scenes, start="film", size=(640, 360), now=now)


def test_a_cut_changes_what_is_heard_at_its_instant() -> None:
    directing = director()
    assert directing.program.heard(0.0) == {"film": 1.0}
    directing.switch("talk", now=10.0)
    assert directing.program.heard(9.99) == {"film": 1.0, "camera": 0.0}
    assert directing.program.heard(10.0) == {"camera": 1.0}


def test_a_fade_takes_the_sound_along_and_leaves_what_stays() -> None:
    directing = director()
    directing.switch("both", now=10.0, transition="fade", duration=2.0)
    assert directing.program.heard(10.5) == {"film": 1.0, "camera": pytest.approx(0.25)}
    directing.switch("screen", now=20.0, transition="fade", duration=2.0)
    assert directing.program.heard(21.0) == {"film": 0.5, "camera": 0.5, "screen": 0.5}
    assert directing.program.heard(22.0) == {"screen": 1.0}


def test_a_fade_that_is_broken_off_goes_on_from_what_is_heard() -> None:
    directing = director()
    directing.switch("talk", now=10.0, transition="fade", duration=1.0)
    before = directing.program.heard(10.25)
    directing.switch("screen", now=10.25, transition="fade", duration=1.0)
    assert directing.program.heard(10.25) == before | {"screen": 0.0}
    assert directing.program.heard(10.75) == pytest.approx({"film": 0.375, "camera": 0.125, "screen": 0.5})
    assert directing.program.heard(11.25) == {"screen": 1.0}


def test_a_scene_that_is_rewritten_on_air_is_heard_as_it_is_now() -> None:
    directing = director()
    directing.replace({"film": Scene("film", "full", ("screen",))}, start="film", now=5.0)
    assert directing.program.heard(5.0) == {"screen": 1.0}
    directing.replace({"new": Scene("new", "full", ("camera",))}, start="new", now=6.0)
    assert directing.program.heard(5.9) == {"screen": 1.0, "camera": 0.0}
    assert directing.program.heard(6.0) == {"camera": 1.0}


NAMES = st.sampled_from(["a", "b", "c", "d"])


@given(st.sets(NAMES), st.dictionaries(NAMES, st.floats(0, 1)), st.floats(0, 1))
def test_shares_lie_between_what_was_and_what_will_be(shown: set[str], left: dict[str, float], progress: float) -> None:
    shares = heard(shown, left, progress)
    for name in "abcd":
        ends = sorted((left.get(name, 0.0), 1.0 if name in shown else 0.0))
        assert ends[0] - 1e-9 <= shares.get(name, 0.0) <= ends[1] + 1e-9
        if name in shown and left.get(name) == 1.0:
            assert shares[name] == 1.0
