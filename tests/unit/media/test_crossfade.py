"""Fades, by looking at pixels: the middle of one, a change in the middle of one, and what is behind it moving on."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classroom.director import Director, Scene
from classroom.media.crossfade import Crossfade, blend
from classroom.media.frames import Picture
from classroom.media.picture import PictureMixer
from tests.support.pictures import BLUE, GREEN, RED, Array, near, plain, slot, to_rgb

SIZE = (64, 36)
SCENES = {name: Scene(name, "full", (name,)) for name in ("red", "green", "blue")}
LIVE = frozenset(SCENES)


class Stage:
    """A director, a mixer and three sources, at a time of our own."""

    def __init__(self) -> None:
        self.slots = {
            "red": slot(plain(RED, *SIZE)),
            "green": slot(plain(GREEN, *SIZE)),
            "blue": slot(plain(BLUE, *SIZE)),
        }
        self.director = Director(scenes=SCENES, start="red", size=SIZE, now=0.0)
        self.mixer = Crossfade(self.make)

    def make(self) -> PictureMixer:
        return PictureMixer(size=SIZE, slots=self.slots, fallback=None, fallback_card=plain(BLUE, *SIZE))

    def pixel(self, now: float) -> Array:
        picture = self.mixer.compose(self.director.program, LIVE, now)
        pixel: Array = to_rgb(picture.frame())[18, 32]
        return pixel

    def fade(self, scene: str, now: float, duration: float = 1.0) -> None:
        self.director.switch(scene, now=now, transition="fade", duration=duration)


def mixed(*shares: tuple[float, tuple[int, int, int]]) -> tuple[int, int, int]:
    red, green, blue = (round(sum(share * colour[part] for share, colour in shares)) for part in range(3))
    return red, green, blue


def test_the_middle_of_a_fade_is_half_of_each() -> None:
    stage = Stage()
    assert near(stage.pixel(1.0), RED)
    stage.fade("green", 1.0)
    assert near(stage.pixel(1.0), RED)
    assert near(stage.pixel(1.25), mixed((0.75, RED), (0.25, GREEN)))
    assert near(stage.pixel(1.5), mixed((0.5, RED), (0.5, GREEN)))
    assert near(stage.pixel(2.0), GREEN)
    assert near(stage.pixel(9.0), GREEN)


def test_a_cut_is_one_tick() -> None:
    stage = Stage()
    stage.pixel(1.0)
    stage.director.switch("green", now=1.0)
    assert near(stage.pixel(1.0), GREEN)


def test_a_change_in_the_middle_of_a_fade_begins_with_what_is_on_the_screen() -> None:
    stage = Stage()
    stage.pixel(0.0)
    stage.fade("green", 1.0)
    half = mixed((0.5, RED), (0.5, GREEN))
    assert near(stage.pixel(1.5), half)
    stage.fade("blue", 1.5)
    assert near(stage.pixel(1.5), half)
    assert near(stage.pixel(2.0), mixed((0.5, half), (0.5, BLUE)))
    assert near(stage.pixel(2.5), BLUE)


def test_back_again_in_the_middle_of_a_fade() -> None:
    stage = Stage()
    stage.pixel(0.0)
    stage.fade("green", 1.0)
    half = stage.pixel(1.5)
    stage.fade("red", 1.5)
    assert near(stage.pixel(1.5), tuple(int(part) for part in half))  # type: ignore[arg-type]
    assert near(stage.pixel(2.5), RED)


def test_two_commands_of_one_instant_are_two() -> None:
    stage = Stage()
    stage.pixel(0.0)
    stage.director.switch("green", now=1.0)
    stage.pixel(1.0)
    stage.fade("blue", 1.0)
    assert near(stage.pixel(1.5), mixed((0.5, GREEN), (0.5, BLUE)))


def test_a_cut_in_the_middle_of_a_fade_ends_it() -> None:
    stage = Stage()
    stage.pixel(0.0)
    stage.fade("green", 1.0)
    stage.pixel(1.5)
    stage.director.switch("blue", now=1.6)
    assert near(stage.pixel(1.6), BLUE)


def test_the_scene_that_leaves_keeps_moving() -> None:
    stage = Stage()
    stage.pixel(0.0)
    stage.fade("green", 1.0)
    stage.pixel(1.2)
    stage.slots["red"].put(Picture(plain(BLUE, *SIZE), 0.0, 2))
    assert near(stage.pixel(1.5), mixed((0.5, BLUE), (0.5, GREEN)))


def test_a_still_program_costs_nothing_after_a_fade() -> None:
    stage = Stage()
    stage.pixel(0.0)
    stage.fade("green", 1.0)
    stage.pixel(1.5)
    first = stage.mixer.compose(stage.director.program, LIVE, 3.0)
    assert stage.mixer.compose(stage.director.program, LIVE, 4.0) is first


@given(st.integers(0, 255), st.integers(0, 255), st.floats(0, 1))
def test_a_blend_is_the_weighted_mean_and_never_leaves_the_range(behind: int, front: int, share: float) -> None:
    shape = (3, 2)
    scratch = (np.empty(shape, np.uint16), np.empty(shape, np.uint16))
    blended = blend(np.full(shape, behind, np.uint8), np.full(shape, front, np.uint8), share, scratch)
    assert abs(int(blended[0, 0]) - (behind * (1 - share) + front * share)) <= 1.1
