"""A lesson's run of show at once: what would be on air, and every fault with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from classroom.cli.main import main
from classroom.cli.rehearse import Rehearsal, rehearse
from tests.support.clips import pdf

LESSON = """\
sources:
  camera: {kind: camera, device: "There is none"}
  deck: {kind: slides, file: deck.pdf}
  pause: {kind: card, title: Pause, countdown: 5m}
scenes:
  talk: camera
  both: {layout: side-by-side, show: [camera, deck]}
program: {size: 320x180}
recording: {start: never}
cues:
  - {after: 5m, slide: {source: deck, page: 3}, title: Theorem}
  - {clock: "10:15", card: pause}
  - {scene: talk, title: Questions}
"""


def rehearsed(folder: Path, text: str = LESSON, *, pages: int = 3, broken: int | None = None) -> Rehearsal:
    pdf(folder / "deck.pdf", pages, broken=broken)
    (folder / "lesson.yaml").write_text(text, encoding="utf-8")
    return rehearse(folder / "lesson.yaml")


def told(rehearsal: Rehearsal) -> list[str]:
    return [f"{fault.line}:{fault.column}: {fault.key}: {fault.message}" for fault in rehearsal.faults]


def test_what_would_be_on_air_when(tmp_path: Path) -> None:
    found = rehearsed(tmp_path)
    assert told(found) == []
    assert [step.cells() for step in found.steps] == [
        ("0:00:00", "", "talk", "camera", ""),
        ("0:05:00", "Theorem", "both", "camera, deck", "deck 3"),
        ("10:15", "", "pause", "pause", ""),
        ("by hand", "Questions", "talk", "camera", ""),
    ]


def test_a_page_that_the_slides_do_not_have(tmp_path: Path) -> None:
    [fault] = told(rehearsed(tmp_path, pages=2))
    assert fault.startswith("11:45: cues[0].slide.page: ")


def test_a_page_that_cannot_be_shown(tmp_path: Path) -> None:
    [fault] = told(rehearsed(tmp_path, broken=3))
    assert fault.startswith("11:45: cues[0].slide.page: Page 3 of ")


def test_a_page_that_no_cue_shows_may_be_broken(tmp_path: Path) -> None:
    assert told(rehearsed(tmp_path, broken=2)) == []


def test_a_page_is_looked_at_also_where_the_first_one_cannot_be_shown(tmp_path: Path) -> None:
    first, second = told(rehearsed(tmp_path, LESSON.replace("page: 3", "page: 4"), broken=1))
    assert first.startswith("3:30: sources.deck.file: Page 1 of ")
    assert second.startswith("11:45: cues[0].slide.page: The slides 'deck' have no page 4")


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (("file: deck.pdf", "file: none.pdf"), "3:30: sources.deck.file: The slides "),
        (("title: Pause", "image: none.png"), "4:30: sources.pause.image: The image "),
        (("scenes:", "overlays: {school: {kind: logo, image: none.png}}\nscenes:"), "5:20: overlays.school: The logo "),
    ],
)
def test_files_that_cannot_be_opened(tmp_path: Path, wrong: tuple[str, str], fault: str) -> None:
    faults = told(rehearsed(tmp_path, LESSON.replace(*wrong)))
    assert faults
    assert faults[0].startswith(fault)


def test_the_command_ends_with_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rehearsed(tmp_path)
    assert main(["rehearse", str(tmp_path / "lesson.yaml")]) == 0
    assert "Theorem" in capsys.readouterr().out
    (tmp_path / "lesson.yaml").write_text(LESSON.replace("talk: camera", "talk: camrea"))
    assert main(["rehearse", str(tmp_path / "lesson.yaml")]) == 2
    assert "lesson.yaml:6:9: scenes.talk: there is no source 'camrea'" in capsys.readouterr().out


def test_check_tells_which_letters_no_font_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from classroom.media.sources import fonts

    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(fonts, "_KNOWN", {})
    path = tmp_path / "lesson.yaml"
    path.write_text("sources: {pause: {kind: card, title: 休息}}\nscenes: {away: pause}\n", encoding="utf-8")
    assert main(["check", str(path)]) == 0
    assert (
        "lesson.yaml:1:38: sources.pause.title: No font on this computer has the characters" in capsys.readouterr().err
    )
