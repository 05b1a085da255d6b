"""Whatever a lesson says to a teacher has its Chinese on the teacher page; the English comes with the state."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import classroom
from classroom.common.paths import web_folder
from classroom.common.sentences import reason_of
from classroom.lesson.words import unit_word

CODE = Path(classroom.__file__).parent
CHINESE: dict[str, str] = json.loads((web_folder() / "locales" / "reasons.zh.json").read_text("utf-8"))

_GAP = re.compile(r"\{([a-z_]+)\}")


def _calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Where the program calls something by this name: ``file:line``, and the call."""
    for path in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and name in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
                yield f"{path.relative_to(CODE)}:{node.lineno}", node


def _put_together(value: ast.expr) -> bool:
    """Whether a text is written at its place, where nothing can tell its code."""
    return isinstance(value, ast.Constant | ast.JoinedStr | ast.BinOp)


WORDINGS: list[list[str]] = [[ast.literal_eval(each) for each in call.args] for _, call in _calls("Wording")]
ENGLISH = {code: text for code, text in WORDINGS}


def test_every_code_has_one_english_sentence() -> None:
    assert len(WORDINGS) > 60, "the search for sentences finds too little to mean anything"
    assert sorted(ENGLISH) == sorted(code for code, _ in WORDINGS), "a code stands for two sentences"


def test_every_code_has_its_chinese_and_nothing_else_has() -> None:
    assert {"missing": sorted(ENGLISH.keys() - CHINESE), "unused": sorted(CHINESE.keys() - ENGLISH)} == {
        "missing": [],
        "unused": [],
    }


def test_both_languages_have_the_same_gaps() -> None:
    assert {code for code in ENGLISH if set(_GAP.findall(ENGLISH[code])) != set(_GAP.findall(CHINESE[code]))} == set()


def test_chinese_is_chinese() -> None:
    assert {code for code, text in CHINESE.items() if not re.search(r"[\u4e00-\u9fff]", text)} == {
        "lesson.fault",
        "lesson.fault_at_key",
        "lesson.fault_of_file",
    }


def test_whatever_is_wrong_with_a_device_can_be_translated() -> None:
    here = [place for place, call in _calls("DeviceError") if any(map(_put_together, call.args))]
    assert [place for place in here if not place.startswith("cli/rehearse.py")] == []


def test_every_fault_of_a_lesson_file_can_be_translated() -> None:
    places = {"wrong": 0, "Problem": 1, "refuse": 2, "NotYaml": 1, "_TooBig": 1, "_failed": 1, "CertificateTrouble": 1}
    here = [
        place
        for name, position in places.items()
        for place, call in _calls(name)
        if place.startswith("lesson/") and any(map(_put_together, call.args[position : position + 1]))
    ]
    assert here == []


def test_every_alarm_can_be_translated() -> None:
    assert [place for place, call in _calls("Alarm") if any(map(_put_together, call.args[1:2]))] == []


def test_every_unit_of_a_lesson_file_is_a_sign_or_has_its_chinese() -> None:
    units = {
        value.value
        for name in ("WholeNumber", "Number")
        for place, call in _calls(name)
        if place.startswith("lesson/")
        for value in call.args[2:3]
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }
    assert len(units) > 10
    assert {unit for unit in units if reason_of(unit_word(unit)) is None} == {"dB", "ms", "Hz"}
