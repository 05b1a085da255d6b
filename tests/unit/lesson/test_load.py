"""Files that cannot be read, and texts of any kind: faults with places, never an exception."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from classroom.lesson import Report, check_lesson, lesson_from_text
from classroom.lesson.load import MAXIMUM_BYTES
from tests.support.lessons import FULL, SMALL, report
from tests.support.odd_files import ODD_FILES, odd_file
from tests.unit.lesson.test_faults import TEN_FAULTS


def only_fault(path: Path) -> str:
    found = check_lesson(path, {})
    assert found.lesson is None
    assert found.notes == ()
    (fault,) = found.faults
    return str(fault).removeprefix(f"{path}:").strip()


def test_a_missing_file(tmp_path: Path) -> None:
    assert only_fault(tmp_path / "lesson.yaml") == "there is no such file"
    (tmp_path / "file").touch()
    assert only_fault(tmp_path / "file" / "lesson.yaml") == "there is no such file"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows answers with a permission error")
def test_a_folder(tmp_path: Path) -> None:
    assert only_fault(tmp_path) == "this is a folder, not a lesson file"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "permission denied"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_a_file_that_the_system_refuses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: OSError, expected: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    (tmp_path / "x").touch()
    monkeypatch.setattr(os, "open", fail)
    assert only_fault(tmp_path / "x") == f"the file cannot be read: {expected}"


def test_a_name_that_no_file_can_have() -> None:
    assert only_fault(Path("a\0b")) == "this is not a file name"


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_bytes("# 课\nlesson: {title: 课".encode() + "课".encode("gbk"))
    assert only_fault(file) == "2:18: the file is not UTF-8 from here on; save it as UTF-8"
    file.write_bytes(b"\xff")
    assert only_fault(file) == "1:1: the file is not UTF-8 from here on; save it as UTF-8"
    file.write_text(SMALL, encoding="utf-16")
    assert only_fault(file) == "the file is UTF-16; save it as UTF-8"


def test_a_file_with_the_mark_of_notepad(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(SMALL, encoding="utf-8-sig", newline="\r\n")
    assert check_lesson(file, {}).faults == ()


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    padding = "#" * (MAXIMUM_BYTES - len(SMALL.encode()))
    file.write_text(SMALL + padding, encoding="utf-8")
    assert check_lesson(file, {}).faults == ()
    file.write_text(SMALL + padding + "#", encoding="utf-8")
    assert only_fault(file) == "the file is larger than 1 MiB; is this a lesson?"


def sound(found: Report, text: str) -> None:
    """What holds of every report on every text."""
    assert (found.lesson is None) == bool(found.faults)
    lines = len(text.splitlines()) + 1
    for fault in found.faults + found.notes:
        assert 1 <= fault.line <= lines
        assert fault.column >= 1
        assert fault.message
        assert "\n" not in str(fault)
        assert str(fault).isprintable() or "\u3000" in str(fault) or " " in str(fault)
        assert "pydantic" not in fault.message.lower()
        assert "is wrong:" not in fault.message
    assert list(found.faults) == sorted(found.faults, key=lambda fault: (fault.line, fault.column))
    assert len(set(found.faults)) == len(found.faults)


@given(st.text())
@example("\x00")
@example("%YAML 1.1\n---\na: b")
@example("%FOO\n---\n")
@example("a: !<")
@example("\ufeff\ufeff")
@example("? ")
@example("- - - -\n")
def test_any_text_gives_a_report(text: str) -> None:
    sound(report(text), text)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_report(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    found = check_lesson(file, {})
    assert (found.lesson is None) == bool(found.faults)


TEXTS = [FULL.read_text(encoding="utf-8"), TEN_FAULTS, SMALL]
PIECES = st.sampled_from(
    [
        *[
            "null",
            "~",
            "[]",
            "{}",
            "[a]",
            "{a: b}",
            "true",
            "0",
            "-1",
            "1e99",
            ".nan",
            ".inf",
            "''",
            "'x'",
            "${X}",
            '"${Y}"',
        ],
        *[
            "&a ",
            "*a",
            "!t ",
            ": ",
            "- ",
            ",",
            "[",
            "]",
            "{",
            "}",
            "#",
            "\n",
            "  ",
            "\t",
            "|",
            ">",
            "%",
            "@",
            "`",
            "---\n",
        ],
        *["kind", "camera", "[key]", "<<", "\u2028", "\x85", "课", "x" * 70],
    ]
)


@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 20), PIECES), max_size=4))
def test_a_damaged_lesson_gives_a_report(text: str, damages: list[tuple[int, int, str]]) -> None:
    for start, length, piece in damages:
        at = start % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    sound(lesson_from_text(text, "lesson.yaml", {"Y": "12"}), text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_any_value_in_any_place_gives_a_report(data: st.DataObject) -> None:
    values = yaml.safe_load(FULL.read_text(encoding="utf-8"))
    here = values
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(here[key], dict | list) and here[key] and data.draw(st.booleans()):
            here = here[key]
            continue
        here[key] = data.draw(JSON)
        break
    text = json.dumps(values)
    sound(report(text), text)


@pytest.mark.parametrize("kind", ODD_FILES)
@pytest.mark.timeout(60)
def test_nobody_waits_for_a_lesson_from_a_pipe_or_a_device(kind: str, tmp_path: Path) -> None:
    report = check_lesson(odd_file(kind, tmp_path / "lesson.yaml"))
    assert [fault.message for fault in report.faults] == ["this is a pipe or a device, not a lesson file"]
