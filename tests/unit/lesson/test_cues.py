"""The run of show as it is written: what it names, and what is wrong with it."""

from __future__ import annotations

from datetime import time

import pytest

from tests.support.lessons import faults, notes, report

LESSON = """\
sources:
  camera: {kind: camera}
  week3: {kind: slides, file: week3.pdf}
  more: {kind: slides, file: more.pdf}
  pause: {kind: card, title: Pause}
  end: {kind: card, title: End}
  talk: {kind: card, title: Talk}
scenes:
  talk: camera
  both: {layout: side-by-side, show: [camera, week3]}
  away: pause
cues:
"""


def test_cues_are_read() -> None:
    found = report(
        LESSON
        + "  - {title: Welcome, after: 0s, scene: talk}\n"
        + "  - {after: 5m, slide: {source: week3, page: 3}}\n"
        + '  - {clock: "10:15", card: pause}\n'
        + "  - {scene: both}\n"
    )
    assert found.faults == ()
    assert found.lesson is not None
    first, second, third, last = found.lesson.cues
    assert (first.title, first.after, first.scene) == ("Welcome", 0.0, "talk")
    assert second.slide is not None
    assert (second.after, second.slide.source, second.slide.page) == (300.0, "week3", 3)
    assert (third.clock, third.card) == (time(10, 15), "pause")
    assert (last.after, last.clock) == (None, None)


@pytest.mark.parametrize(
    ("cue", "fault"),
    [
        ("{after: 5m}", "13:5: cues[0]: does not say what to show; write a scene, a slide or a card"),
        ("{scene: tlak}", "13:13: cues[0].scene: there is no scene 'tlak'; did you mean 'talk'?"),
        ("{scene: talk, card: pause}", "13:19: cues[0].card: write a scene or a card, not both"),
        ("{after: 5m, clock: 10:15, scene: talk}", "13:17: cues[0].clock: write after or clock, not both"),
        ("{card: camera}", "13:12: cues[0].card: 'camera' is not a source of kind card"),
        ("{card: puase}", "13:12: cues[0].card: there is no source of kind card 'puase'; did you mean 'pause'?"),
        (
            "{card: talk}",
            "13:12: cues[0].card: no scene shows 'talk' alone, and the scene with that name shows something else; "
            "write a scene for it",
        ),
        ("{slide: {source: pause, page: 1}}", "13:22: cues[0].slide.source: 'pause' is not a source of kind slides"),
        (
            "{slide: {source: more, page: 1}}",
            "13:22: cues[0].slide.source: no scene shows 'more'; write a scene that does",
        ),
        ("{slide: {source: week3, page: 0}}", "13:35: cues[0].slide.page: expects 1 to 100000, not 0"),
        ("{slide: {source: week3}}", "13:6: cues[0].slide.page: is missing"),
        (
            "{scene: talk, at: 5m}",
            "13:19: cues[0].at: unknown key; allowed here: title, after, clock, scene, slide or card",
        ),
    ],
)
def test_faults(cue: str, fault: str) -> None:
    assert faults(f"{LESSON}  - {cue}\n") == [fault]


def test_a_card_without_a_scene_needs_none() -> None:
    assert faults(LESSON + "  - {card: end}\n") == []


def test_a_cue_that_comes_later_than_it_says_is_noted() -> None:
    late = LESSON + "  - {after: 10m, scene: talk}\n  - {scene: both}\n  - {after: 5m, scene: away}\n"
    assert [note for note in notes(late) if "cues" in note] == [
        "15:13: cues[2].after: a cue above this one is later, so this one follows right after it"
    ]
    midnight = LESSON + "  - {clock: '23:50', scene: talk}\n  - {clock: '0:10', scene: away}\n"
    assert [note for note in notes(midnight) if "cues" in note] == []


def test_cues_are_a_list() -> None:
    assert faults(LESSON.replace("cues:", "cues: 5m")) == [
        "12:7: cues: expects a list such as [{after: 5m, scene: talk}], not '5m'"
    ]


@pytest.mark.parametrize("show", ["5", "true", "{a: 1}", '"${NOBODY}"', "[5]"])
def test_a_scene_that_shows_no_list_is_a_fault_of_its_own_also_beside_cues(show: str) -> None:
    text = f"sources: {{end: {{kind: card}}}}\nscenes: {{talk: {{show: {show}}}}}\ncues: [{{card: end}}]\n"
    assert all("scenes.talk.show" in fault for fault in faults(text))
    assert faults(text)
