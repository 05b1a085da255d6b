"""``classroom check`` opens the slides of a lesson and says what it finds, at the key that is to be changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from classroom.cli.main import main
from tests.support.clips import pdf
from tests.support.pdf_files import text_pdf


def test_slides_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("EXAM", "Hemlig#2")
    pdf(tmp_path / "good.pdf", 12)
    text_pdf(tmp_path / "locked.pdf", (400, 300), password="Geheim#1")
    (tmp_path / "deck.pptx").write_bytes(b"PK\3\4")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\n")
    lesson = tmp_path / "lesson.yaml"
    lesson.write_text(
        "sources:\n"
        "  good: {kind: slides, path: good.pdf}\n"
        "  later: {kind: slides, file: later.pdf}\n"
        "  deck: {kind: slides, path: deck.pptx}\n"
        "  broken: {kind: slides, file: broken.pdf}\n"
        "  locked: {kind: slides, file: locked.pdf}\n"
        "  wrong: {kind: slides, file: locked.pdf, password: '${EXAM}'}\n"
        "scenes: {talk: good}\n",
        "utf-8",
    )
    assert main(["check", str(lesson)]) == 2
    shown = capsys.readouterr()
    faults = [line.removeprefix(f"{lesson}:") for line in shown.out.splitlines()]
    assert [fault.partition(": The ")[0] for fault in faults] == [
        "4:30: sources.deck.path",
        "5:32: sources.broken.file",
        "6:32: sources.locked.file",
        "7:53: sources.wrong.password",
    ]
    assert "a file of PowerPoint" in faults[0]
    assert "slides good: good.pdf, 12 pages" in shown.err
    assert "note: " in shown.err
    assert "later.pdf was not found" in shown.err
    assert "Hemlig" not in shown.out + shown.err


def test_a_good_lesson_is_written_correctly_and_its_devices_are_another_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = tmp_path / "lesson.yaml"
    lesson.write_text("sources: {bars: {kind: pattern}}\nscenes: {talk: bars}\n", "utf-8")
    assert main(["check", str(lesson)]) == 0
    assert capsys.readouterr().err == (
        f"{lesson}: written correctly; `classroom teach --check` tries the devices too\n"
    )
