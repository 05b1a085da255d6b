"""Whatever a lesson says to a teacher has its Chinese on the teacher page; the English comes with the state."""

from __future__ import annotations

import ast
import functools
import itertools
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

import classroom
from classroom.broadcaster import COMMANDS
from classroom.common.paths import web_folder
from classroom.common.sentences import reason_of
from classroom.control.wrong_params import sentence_of
from classroom.lesson.schema import lesson_schema
from classroom.lesson.words import unit_word

CODE = Path(classroom.__file__).parent
CHINESE: dict[str, str] = json.loads((web_folder() / "locales" / "reasons.zh.json").read_text("utf-8"))

_GAP = re.compile(r"\{([a-z_]+)\}")
_LATIN = re.compile(r"[A-Za-z_]{2,}")

ROOMS_OF_COMMANDS = ("common", "control", "director", "features", "media", "students", "webrtc")

NAMES = re.findall(
    r"\S+",
    """
    ALSA BlackHole Cable Chrome Debian Edge Firefox FriBiDi MP OpenH PipeWire PortAudio PulseAudio Safari Ubuntu Wayland
    WebM Windows Xorg aiortc coturn macOS README Page Up Down Tab JSON MiB PDF PEM PNG STUN TCP TURN UDP WebRTC
    WebSocket YAML UTF SHA dB http https id jsonrpc kbit method params sdp Classroom classroom devices embedded
    browser relay CLASSROOM_HOME DISPLAY SLIDES_PASSWORD NAME USER sudo apt install libasound libfribidi libportaudio
    plugins pulseaudio utils parec modprobe snd aloop usermod aG ulimit requirements lock vb audio existential
    blackhole com true false null ffffff school example step vp week
    """,
)
"""What has no Chinese name, or is typed as it stands."""


def _calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Where the program calls something by this name: ``file:line``, and the call."""
    for place, call in _all_calls():
        if name in (getattr(call.func, "id", ""), getattr(call.func, "attr", "")):
            yield place, call


@functools.cache
def _all_calls() -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.relative_to(CODE).as_posix()}:{node.lineno}", node)
        for path in sorted(CODE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]


def _is_wording(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") == "Wording"


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


def test_whatever_a_command_is_refused_with_can_be_translated() -> None:
    places = {"CommandError": 1, "not_possible": 0, "error": 2}
    here = [
        place
        for name, position in places.items()
        for place, call in _calls(name)
        if any(map(_put_together, call.args[position : position + 1])) and place.startswith(ROOMS_OF_COMMANDS)
    ]
    assert here == []


def test_nothing_in_english_is_put_into_a_sentence() -> None:
    """Gaps are filled with names, numbers and sentences. What a library says stands in brackets, or quotes one."""
    names = {
        target.id
        for path in CODE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_wording(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    assert len(names) > 25
    filled = [
        (place, keyword)
        for place, call in _all_calls()
        if _is_wording(call.func) or getattr(call.func, "id", getattr(call.func, "attr", "")) in names
        for keyword in call.keywords
    ]
    said = [
        f"{place} {keyword.arg}"
        for place, keyword in filled
        if keyword.arg not in {"fault", "reason"}
        if isinstance(keyword.value, ast.Constant | ast.JoinedStr | ast.BoolOp | ast.IfExp)
        for part in ast.walk(keyword.value)
        if isinstance(part, ast.Constant) and re.search(r"[a-z]{3}", str(part.value))
    ]
    assert said == []


def test_no_english_word_stands_in_a_chinese_sentence() -> None:
    typed = set(_typed(lesson_schema())) | {part for name in COMMANDS for part in (name, *name.split("."))}
    texts = {**json.loads((web_folder() / "locales" / "zh.json").read_text("utf-8")), **CHINESE}
    words = {
        word: key
        for key, text in texts.items()
        for word in _LATIN.findall(_GAP.sub(" ", text if isinstance(text, str) else text["other"]))
    }
    assert {word: key for word, key in words.items() if word not in {*NAMES, *typed}} == {}


def _typed(schema: object) -> Iterator[str]:
    """The keys and the words that a lesson file has."""
    if isinstance(schema, list):
        yield from itertools.chain.from_iterable(map(_typed, schema))
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from map(str, [*schema.get("enum", []), schema.get("const", "")])
        yield from itertools.chain.from_iterable(map(_typed, schema.values()))


@pytest.mark.parametrize("method", COMMANDS)
def test_whatever_is_wrong_with_a_parameter_has_its_sentence(method: str) -> None:
    command = COMMANDS[method]
    odd: list[object] = [None, True, 0, -(10**9), 10**9, 1.5, -1e9, 1e9, math.nan, "", "x" * 300_000, [], {}]
    for name in command.model.model_fields:
        for value in odd:
            with pytest.raises(ValidationError) as caught:
                command.model.model_validate({name: value, "not a parameter": 1})
            assert "params.other" not in str(reason_of(sentence_of(caught.value))), (name, value)


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
