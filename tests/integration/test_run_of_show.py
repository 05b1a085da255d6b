"""The run of show in a lesson that runs: cues come by themselves, and the teacher's own command goes before them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classroom.broadcaster import Broadcaster
from classroom.common.errors import CommandError
from classroom.features.run_of_show import RunOfShowFeature
from classroom.features.scenes import ScenesFeature
from tests.support.broadcast import broadcasting, eventually
from tests.support.clips import pdf

LESSON = """\
sources:
  bars: {kind: pattern, size: 160x90}
  deck: {kind: slides, file: FOLDER/deck.pdf}
  pause: {kind: card, title: Pause}
scenes:
  opening: bars
  deck: deck
  away: pause
  more: bars
program: {size: 320x180}
recording: {start: never}
cues:
"""


def cues(broadcaster: Broadcaster) -> dict[str, Any]:
    section = broadcaster.state()["cues"]
    assert isinstance(section, dict)
    return section


def scene(broadcaster: Broadcaster) -> str:
    return broadcaster.state()["program"]["scene"]  # type: ignore[index,no-any-return]


def written(folder: Path, *lines: str) -> str:
    pdf(folder / "deck.pdf", 5)
    return LESSON.replace("FOLDER", str(folder)) + "".join(f"  - {line}\n" for line in lines)


async def test_cues_come_at_their_time_and_turn_to_their_page(tmp_path: Path) -> None:
    lesson = written(
        tmp_path, "{after: 1s, slide: {source: deck, page: 4}}", "{after: 3s, card: pause}", "{scene: opening}"
    )
    async with broadcasting(lesson) as broadcaster:
        await eventually(lambda: scene(broadcaster) == "deck")
        await eventually(lambda: broadcaster.state()["sources"]["deck"]["page"] == 4)  # type: ignore[index]
        await eventually(lambda: scene(broadcaster) == "away")
        assert (cues(broadcaster)["next"], cues(broadcaster)["left"]) == (2, None)
        broadcaster.feature(RunOfShowFeature).next()
        assert scene(broadcaster) == "opening"
        assert [each["state"] for each in cues(broadcaster)["list"]] == ["done"] * 3
        with pytest.raises(CommandError):
            broadcaster.feature(RunOfShowFeature).next()


async def test_after_the_teachers_own_command_cues_wait(tmp_path: Path) -> None:
    async with broadcasting(written(tmp_path, "{after: 2s, scene: away}", "{after: 1h, scene: deck}")) as broadcaster:
        broadcaster.feature(ScenesFeature).switch("more")
        assert cues(broadcaster)["mode"] == "held"
        await eventually(lambda: cues(broadcaster)["due"] == 1)
        assert scene(broadcaster) == "more"
        # The teachers were told of it without asking.
        await eventually(lambda: broadcaster.state()["cues"]["due"] == 1)  # type: ignore[index]
        broadcaster.feature(RunOfShowFeature).next()
        assert scene(broadcaster) == "away"
        assert cues(broadcaster)["mode"] == "automatic"
        assert 3500 < cues(broadcaster)["left"] < 3600


async def test_a_page_that_is_not_there_is_an_alarm_and_the_scene_comes_on_air(tmp_path: Path) -> None:
    lesson = written(tmp_path, "{slide: {source: deck, page: 9}, title: Last page}", "{scene: away}")

    def alarms(broadcaster: Broadcaster) -> dict[str, Any]:
        return {alarm["code"]: alarm for alarm in broadcaster.state()["alarms"]}  # type: ignore[attr-defined]

    async with broadcasting(lesson) as broadcaster:
        broadcaster.feature(RunOfShowFeature).next()
        assert scene(broadcaster) == "deck"
        failed = alarms(broadcaster)["cue.failed"]
        assert failed["sentence"].startswith("The cue 'Last page' could not be carried out. ")
        assert failed["reason"]["params"]["why"]["reason"]["code"] in {"slides.no_page", "slides.not_open"}
        broadcaster.feature(RunOfShowFeature).next()
        assert scene(broadcaster) == "away"
        assert "cue.failed" not in alarms(broadcaster)
