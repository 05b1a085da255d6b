"""``file`` and ``path`` mean the same for every source that is a file, and its password is in no sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from classroom.lesson import lesson_from_text
from classroom.lesson.schema import lesson_schema
from classroom.lesson.sources import FileSource, SlidesSource


def read(source: str, environment: dict[str, str] | None = None) -> tuple[object, list[str]]:
    report = lesson_from_text(f"sources:\n  a: {source}\nscenes: {{a: a}}\n", "/x/l.yaml", environment or {})
    faults = [f"{fault.column}: {fault.key}: {fault.message}" for fault in report.faults]
    return None if report.lesson is None else report.lesson.sources["a"], faults


@pytest.mark.parametrize("key", ["file", "path"])
def test_either_key_names_the_file(key: str) -> None:
    slides, film = read(f"{{kind: slides, {key}: a.pdf}}")[0], read(f"{{kind: file, {key}: a.mp4}}")[0]
    assert isinstance(slides, SlidesSource)
    assert isinstance(film, FileSource)
    assert (slides.file, film.path) == (Path("/x/a.pdf"), Path("/x/a.mp4"))
    schema = Draft7Validator(lesson_schema())
    for kind in ("slides", "file"):
        assert schema.is_valid({"sources": {"a": {"kind": kind, key: "a.pdf"}}, "scenes": {"a": "a"}})
        assert not schema.is_valid({"sources": {"a": {"kind": kind}}, "scenes": {"a": "a"}})


def test_a_fault_names_the_key_that_is_written() -> None:
    assert read("{kind: slides, path: []}")[1] == ["27: sources.a.path: expects text, not a list"]
    assert read("{kind: slides}")[1] == ["3: sources.a.file: is missing"]
    assert read("{kind: slides, file: a, path: b}")[1] == [
        "30: sources.a.path: write file or path, not both; they mean the same"
    ]
    assert read("{kind: file, fiel: a}")[1][1] == "19: sources.a.fiel: unknown key; did you mean 'file'?"


def test_a_password_comes_from_the_environment_and_is_never_shown() -> None:
    source, _ = read('{kind: slides, file: a.pdf, password: "${EXAM}"}', {"EXAM": "Geheim#1"})
    assert isinstance(source, SlidesSource)
    assert source.password == "Geheim#1"
    assert "Geheim" not in repr(source)
    assert read("{kind: slides, file: a.pdf, password: 2025.5}")[1] == [
        "44: sources.a.password: expects text; put it in quotes"
    ]
    assert read('{kind: slides, file: a.pdf, password: "${EXAM}"}')[1] == [
        "44: sources.a.password: the environment variable EXAM is not set"
    ]
