"""What a saved lesson file changes, and what needs a restart."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from classroom.lesson import Lesson
from classroom.lesson.difference import Difference, plan, restart_keys
from classroom.lesson.model import _WITH_DEFAULTS
from tests.support.lessons import lesson_of

LESSON = """\
sources:
  camera: {kind: camera}
  bars: {kind: pattern}
  pause: {kind: card, title: Pause}
audio:
  mic: {kind: microphone, gain: 3}
  clap: {source: bars}
scenes:
  talk: camera
  away: pause
overlays:
  time: {kind: clock}
cues:
  - {after: 5m, scene: away}
"""


def lesson(text: str = LESSON, **changes: Any) -> Lesson:
    values = {**yaml.safe_load(text), **changes}
    return lesson_of(yaml.safe_dump(values, sort_keys=False))


def section(name: str, **changes: Any) -> dict[str, Any]:
    """A section of the lesson with other entries; None takes one out."""
    values = {**yaml.safe_load(LESSON)[name], **changes}
    return {name: {key: value for key, value in values.items() if value is not None}}


def test_nothing_changes_nothing() -> None:
    assert not plan(lesson(), lesson())
    assert restart_keys(lesson(), lesson()) == []


def test_sources_come_go_and_change() -> None:
    sources = section("sources", bars={"kind": "pattern", "fps": 5}, more={"kind": "card"})
    changes = plan(lesson(), lesson(**sources))
    assert changes.sources == Difference(frozenset({"more"}), frozenset(), frozenset({"bars"}), {"bars": "bars"})
    assert not changes.inputs
    assert not changes.scenes


def test_a_camera_that_was_only_given_another_name_is_closed_before_it_is_opened() -> None:
    sources = section("sources", camera=None, desk={"kind": "camera"})
    changes = plan(lesson(), lesson(**sources, **section("scenes", talk="desk")))
    assert changes.sources == Difference(frozenset({"desk"}), frozenset({"camera"}), frozenset(), {"desk": "camera"})
    assert changes.scenes


def test_two_cameras_that_swap_their_devices_wait_for_each_other() -> None:
    two = {"a": {"kind": "camera", "device": "one"}, "b": {"kind": "camera", "device": "two"}}
    swapped = {"a": two["b"], "b": two["a"]}
    changes = plan(
        lesson(sources=two, scenes={"x": "a"}, audio={}, cues=[]),
        lesson(sources=swapped, scenes={"x": "a"}, audio={}, cues=[]),
    )
    assert changes.sources.after == {"a": "b", "b": "a"}


def test_how_an_input_is_heard_is_taken_over_only_where_the_file_changed_it() -> None:
    quiet, film = {"source": "bars", "gain": -6, "duck": 6}, {"source": "bars", "gain": -6, "heard": "always"}
    assert plan(lesson(**section("audio", film=quiet)), lesson(**section("audio", film=film))).settings == {
        "film": {"duck", "heard"}
    }


def test_gain_and_mute_are_taken_over_only_where_the_file_changed_them() -> None:
    changes = plan(lesson(), lesson(**section("audio", mic={"kind": "microphone", "gain": 3, "muted": True})))
    assert changes.settings == {"mic": {"muted"}}
    assert changes.audio
    assert not changes.inputs


def test_another_microphone_is_another_device() -> None:
    changes = plan(lesson(), lesson(**section("audio", mic={"kind": "microphone", "device": "USB", "gain": 3})))
    assert changes.inputs == Difference(changed=frozenset({"mic"}), after={"mic": "mic"})


def test_what_the_computer_plays_may_come_and_go_and_change_how_it_is_heard() -> None:
    without, with_ = lesson(), lesson(**section("audio", film={"kind": "computer"}))
    quieter = lesson(**section("audio", film={"kind": "computer", "gain": -6}))
    assert plan(without, with_).inputs == Difference(added=frozenset({"film"}))
    assert plan(with_, without).inputs == Difference(removed=frozenset({"film"}))
    assert not plan(with_, quieter).inputs


def test_what_hears_the_computer_may_be_another_device_also_one_that_was_a_microphone() -> None:
    with_ = lesson(**section("audio", film={"kind": "computer"}))
    cable = lesson(**section("audio", film={"kind": "computer", "device": "CABLE Output"}))
    as_microphone = lesson(**section("audio", line={"kind": "microphone", "device": "CABLE Output"}))
    assert plan(with_, cable).inputs == Difference(changed=frozenset({"film"}), after={"film": "film"})
    changes = plan(as_microphone, cable).inputs
    assert changes == Difference(frozenset({"film"}), frozenset({"line"}), frozenset(), {"film": "line"})


def test_an_input_may_become_the_sound_of_a_source() -> None:
    changes = plan(lesson(), lesson(**section("audio", mic={"source": "bars"})))
    assert changes.inputs == Difference(removed=frozenset({"mic"}))
    assert changes.settings == {"mic": {"gain", "duck", "heard"}}


def test_the_order_of_scenes_is_a_change() -> None:
    assert plan(lesson(), lesson(scenes={"away": "pause", "talk": "camera"}, program={"start": "talk"})).scenes


def test_overlays_cues_and_single_keys() -> None:
    changes = plan(lesson(), lesson(overlays={}, cues=[], lesson={"title": "New"}, access={"passcode": "x"}))
    assert changes.overlays
    assert changes.cues
    assert changes.keys == {"lesson.title", "access.passcode"}


def test_some_keys_need_a_restart() -> None:
    new = lesson(
        program={"size": "640x360", "fallback": "pause"},
        video={"codecs": ["vp8"]},
        server={"port": 9000},
        lesson={"title": "x"},
    )
    assert restart_keys(lesson(), new) == ["program.size", "server.port", "video.codecs"]
    assert plan(lesson(), new).keys == {"program.fallback", "lesson.title"}


def test_every_section_that_stands_once_is_looked_at() -> None:
    looked_at = {"lesson", "server", "signaling", "access", "chat", "limits", "ice", "program", "video", "recording"}
    assert set(_WITH_DEFAULTS) - {"audio", "overlays"} == looked_at
    assert set(Lesson.model_fields) == looked_at | {"sources", "audio", "overlays", "scenes", "cues"}


NAMES = st.sampled_from(["a", "b", "c", "d"])
MODELS = st.one_of(
    st.builds(lambda device: {"kind": "camera", "device": device}, st.sampled_from(["one", "two"])),
    st.builds(lambda title: {"kind": "card", "title": title}, st.sampled_from(["", "x"])),
)
SOURCES = st.dictionaries(NAMES, MODELS, min_size=1)


@given(SOURCES, SOURCES)
def test_the_plan_leads_from_the_one_to_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    def of(sources: dict[str, Any]) -> Lesson:
        return lesson("{}", sources=sources, scenes={"s": next(iter(sources))})

    difference = plan(of(old), of(new)).sources
    kept = {name for name in old if name not in difference.removed | difference.changed}
    assert {name: old[name] for name in kept} == {name: new[name] for name in new if name not in difference.fresh}
    assert kept | difference.fresh == set(new)
    assert set(difference.after) <= difference.fresh
    assert set(difference.after.values()) <= difference.removed | difference.changed
