"""Files that are not there yet are a note, with the place where they are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from classroom.cli.main import main
from classroom.lesson import check_lesson
from classroom.lesson.missing import missing_files

LESSON = """\
sources:
  deck:  {kind: slides, file: deck.pdf}
  film:  {kind: file, path: films/film.mp4}
  pause: {kind: card, title: Pause, image: pause.png}
  plain: {kind: card, title: Plain}
  other: {kind: slides, path: other.pdf}
scenes: {talk: deck}
overlays:
  sign: {kind: logo, image: sign.png}
  time: {kind: clock}
recording: {start: never}
"""


def test_each_file_that_is_not_there_is_named_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lesson.yaml"
    path.write_text(LESSON, encoding="utf-8")
    report = check_lesson(path)
    assert report.faults == ()
    places = [(note.line, note.key) for note in missing_files(report)]
    assert places == [
        (2, "sources.deck.file"),
        (3, "sources.film.path"),
        (4, "sources.pause.image"),
        (6, "sources.other.path"),
        (9, "overlays.sign.image"),
    ]
    assert main(["check", str(path)]) == 0
    assert f"2:31: sources.deck.file: the file {tmp_path / 'deck.pdf'} was not found" in capsys.readouterr().err


def test_what_is_there_is_no_note(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for name in ("deck.pdf", "films/film.mp4", "pause.png", "sign.png", "other.pdf"):
        (tmp_path / name).touch()
    path = tmp_path / "lesson.yaml"
    path.write_text(LESSON, encoding="utf-8")
    assert missing_files(check_lesson(path)) == []


def test_a_lesson_with_faults_has_enough_to_mend(tmp_path: Path) -> None:
    path = tmp_path / "lesson.yaml"
    path.write_text(LESSON.replace("talk: deck", "talk: dekc"), encoding="utf-8")
    assert missing_files(check_lesson(path)) == []


def test_the_file_that_was_meant_is_named(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for name in ("Deck.PDF", "films/film.mp4", "pause.png", "sign.png", "other.pdf"):
        (tmp_path / name).touch()
    path = tmp_path / "lesson.yaml"
    path.write_text(LESSON.replace("films/film.mp4", "films\\film.mp4"), encoding="utf-8")
    deck, film = missing_files(check_lesson(path))
    assert deck.message.endswith("or check the path; did you mean 'Deck.PDF'?")
    assert film.message.endswith("or check the path; did you mean 'films/film.mp4'?")


def test_a_lesson_file_that_is_not_there_has_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lesson.yaml").touch()
    assert main(["check", str(tmp_path / "leson.yaml")]) == 2
    missing = f"{tmp_path / 'leson.yaml'}: there is no such file; did you mean 'lesson.yaml'?"
    assert capsys.readouterr().out == missing + "\n"
    assert main(["teach", str(tmp_path / "leson.yaml")]) == 2
    assert capsys.readouterr().err == missing + "\n"
