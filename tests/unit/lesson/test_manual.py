"""The lessons and links in docs/lesson.md are right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from classroom.lesson.sources import Source
from tests.support.lessons import report

MANUAL = Path(__file__).parents[3] / "docs" / "lesson.md"
TEXT = MANUAL.read_text(encoding="utf-8")
LESSONS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_there_are_lessons() -> None:
    assert len(LESSONS) == 5


@pytest.mark.parametrize("text", LESSONS)
def test_a_lesson_of_the_manual_is_right(text: str) -> None:
    found = report(text)
    assert found.faults == found.notes == ()


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert links
    assert [link for link in links if not (MANUAL.parent / link).is_file()] == []


def test_every_kind_is_told_with_its_keys() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", TEXT, re.MULTILINE))
    union = get_args(get_args(Source)[0])
    models = [get_args(member)[0] for member in union]
    assert len(models) == 8
    for model in models:
        told = re.findall(r"`(\w+)`", rows[model.model_fields["kind"].default])
        assert told == [key for key in model.model_fields if key != "kind"]


def test_the_faults_of_the_manual_are_said_so() -> None:
    lines = {4: "sources:", 5: "  camera: {kind: camera, heigth: 1}", 8: "scenes:", 9: "  talk: camrea"}
    lines[14] = "program: {fps: ten}"
    text = "\n".join(lines.get(number, "") for number in range(1, 15))
    said = [str(fault).replace("lesson.yaml", "week3.yaml") for fault in report(text).faults]
    assert said == [line.strip() for line in TEXT.splitlines() if line.startswith("    week3.yaml:")]
