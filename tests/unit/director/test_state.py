"""What is on air changes by command only, and a wrong command changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from classroom.common.errors import CommandError
from classroom.director import Crop, Director, Placement, Rectangle, Scene, Shown, Style, Transition, resolve

SCENES = {
    "talk": Scene("talk", "full", ("camera",)),
    "desk": Scene("desk", "full", ("screen",)),
    "both": Scene("both", "picture-in-picture", ("screen", "camera")),
}


def test_a_switch_changes_scene_time_and_rectangles() -> None:
    director = Director(scenes=SCENES, start="talk", size=(1280, 720), now=1.0)
    assert director.switch("both", now=2.5)
    assert director.program.scene is SCENES["both"]
    assert director.program.since == 2.5
    assert [placement.source for placement in director.program.placements] == ["screen", "camera"]


def test_an_unknown_scene_is_an_error_that_names_the_known_ones() -> None:
    director = Director(scenes=SCENES, start="talk", size=(1280, 720), now=1.0)
    with pytest.raises(CommandError) as caught:
        director.switch("nowhere", now=2.0)
    assert caught.value.code == -32002
    assert caught.value.data == {"known": ["both", "desk", "talk"]}
    assert director.program.scene.name == "talk"


def test_what_is_not_live_is_replaced_and_comes_back() -> None:
    box = Rectangle(0, 0, 2, 2)
    placements = [Placement("camera", box)]
    assert resolve(placements, {"camera", "pause"}, "pause") == (Shown("camera", box),)
    assert resolve(placements, {"pause"}, "pause") == (Shown("pause", box),)
    assert resolve(placements, frozenset(), "pause") == (Shown(None, box),)
    assert resolve(placements, frozenset(), None) == (Shown(None, box),)


def director(**given: object) -> Director:
    return Director(scenes=SCENES, start="talk", size=(1280, 720), now=1.0, **given)  # type: ignore[arg-type]


def test_what_the_command_leaves_open_the_scene_says_and_then_the_lesson() -> None:
    scenes = {**SCENES, "soft": Scene("soft", "full", ("camera",), transition="fade", duration=2.0)}
    there = Director(scenes=scenes, start="talk", size=(1280, 720), now=0.0, transition="fade", duration=0.5)
    there.switch("desk", now=1.0)
    assert there.program.transition == Transition("fade", "talk", 1.0, 0.5)
    there.switch("soft", now=3.0)
    assert there.program.transition == Transition("fade", "desk", 3.0, 2.0)
    there.switch("desk", now=4.0, transition="cut")
    assert there.program.transition is None
    there.switch("soft", now=5.0, duration=0.1)
    assert there.program.transition == Transition("fade", "desk", 5.0, 0.1)


@given(st.floats(0, 100), st.floats(0, 10), st.lists(st.floats(0, 200), min_size=1).map(sorted))
def test_a_transition_goes_from_nothing_to_everything_and_never_back(
    began: float, duration: float, times: list[float]
) -> None:
    transition = Transition("fade", "talk", began, duration)
    shares = [transition.progress(time) for time in times]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    assert transition.progress(transition.ends + 0.001) == 1


def test_take_swaps_program_and_preview() -> None:
    there = director()
    with pytest.raises(CommandError, match="preview"):
        there.take(now=2.0)
    assert there.prepare("desk")
    assert not there.prepare("desk")
    assert there.program.scene.name == "talk"
    assert there.take(now=3.0)
    assert (there.program.scene.name, there.preview, there.program.since) == ("desk", "talk", 3.0)
    assert there.take(now=4.0, transition="fade", duration=2.0)
    assert (there.program.scene.name, there.preview) == ("talk", "desk")
    assert there.program.transition is not None
    assert there.program.transition.duration == 2.0
    with pytest.raises(CommandError):
        there.prepare("nowhere")
    assert there.preview == "desk"
    assert there.prepare(None)


def test_other_scenes_leave_on_air_what_still_exists() -> None:
    there = director()
    there.prepare("both")
    there.replace({"talk": Scene("talk", "full", ("screen",)), "new": SCENES["desk"]}, start="new", now=5.0)
    assert there.program.scene.show == ("screen",)
    assert there.program.since == 1.0
    assert there.preview is None
    there.replace({"new": SCENES["desk"]}, start="new", now=6.0)
    assert (there.program.scene.name, there.program.since) == ("desk", 6.0)


def test_a_scene_that_is_changed_while_it_fades_in_goes_on_fading() -> None:
    there = director()
    there.switch("desk", now=5.0, transition="fade", duration=2.0)
    heard = there.program.heard(6.0)
    assert 0.0 < heard["camera"] < 1.0
    there.replace({**SCENES, "desk": Scene("desk", "full", ("screen",), fallback="pause")}, start="talk", now=6.0)
    assert there.program.transition == Transition("fade", "talk", 5.0, 2.0)
    assert there.program.scene.fallback == "pause"
    assert there.program.heard(6.0) == heard


def test_the_fallback_of_a_scene_comes_before_that_of_the_lesson() -> None:
    box = Rectangle(0, 0, 2, 2)
    placement = Placement("camera", box, Style(fill=True, crop=Crop(left=0.2)), "own")
    assert resolve([placement], {"camera", "own", "pause"}, "pause") == (Shown("camera", box, placement.style),)
    assert resolve([placement], {"own", "pause"}, "pause") == (Shown("own", box),)
    assert resolve([placement], {"pause"}, "pause") == (Shown("pause", box),)


class Switching(RuleBasedStateMachine):
    """The director against the simplest model of it: the last scene that exists and was asked for."""

    @initialize()
    def start(self) -> None:
        self.director = Director(scenes=SCENES, start="talk", size=(640, 360), now=0.0)
        self.expected, self.since, self.now = "talk", 0.0, 0.0

    @rule(scene=st.sampled_from([*SCENES, "nowhere", ""]), step=st.floats(0, 10))
    def switch(self, scene: str, step: float) -> None:
        self.now += step
        try:
            changed = self.director.switch(scene, now=self.now)
        except CommandError:
            assert scene not in SCENES
            return
        assert changed == (scene != self.expected)
        if changed:
            self.expected, self.since = scene, self.now

    @invariant()
    def program_is_the_last_good_command(self) -> None:
        if hasattr(self, "director"):
            assert self.director.program.scene.name == self.expected
            assert self.director.program.since == self.since


TestSwitching = Switching.TestCase
