"""What is on air changes by command only, and a wrong command changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from classroom.director import Director, Placement, Rectangle, Scene, Shown, resolve
from classroom.errors import CommandError

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
