"""The lessons in config/ are right, and their files say where editors find the schema."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft7Validator

from classroom.common.paths import config_folder
from classroom.lesson import check_lesson, lesson_schema, schema_text
from classroom.lesson.document import read_document
from tests.support.lessons import FULL, SMALL, faults

LESSONS = sorted(config_folder().glob("*.yaml"))


def schema_faults(text: str) -> list[str]:
    document = read_document(text, FULL, {"A": "1", "NAME": "1"})
    written = read_document(text.replace("${", "$${"), FULL, {})  # an editor does not replace variables
    assert document.faults == written.faults == []
    return [error.json_path for error in Draft7Validator(lesson_schema()).iter_errors(written.values)]


def test_all_lessons_are_known() -> None:
    assert [file.name for file in LESSONS] == ["demo.yaml", "lecture.yaml", "reference.yaml"]


@pytest.mark.parametrize("file", LESSONS, ids=lambda file: file.name)
def test_a_lesson_of_config_is_right(file: object) -> None:
    path = config_folder() / str(file)
    found = check_lesson(path, {})
    assert found.faults == ()
    assert (found.notes == ()) == (path.name != "reference.yaml")
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=lesson.schema.json\n")
    assert schema_faults(path.read_text(encoding="utf-8")) == []


def test_the_demo_needs_no_device() -> None:
    lesson = check_lesson(config_folder() / "demo.yaml", {}).lesson
    assert lesson is not None
    assert {source.kind for source in lesson.sources.values()} == {"card", "pattern"}
    assert {sound.kind for sound in lesson.audio.values()} == {"source", "tone"}
    assert {scene.layout for scene in lesson.scenes.values()} == {"full", "picture-in-picture", "side-by-side"}
    (first,) = lesson.scenes[lesson.program.start].sources
    assert lesson.sources[first].kind == "card"
    assert lesson.program.fallback is not None


def test_the_lecture_begins_with_a_card() -> None:
    lesson = check_lesson(config_folder() / "lecture.yaml", {}).lesson
    assert lesson is not None
    assert {source.kind for source in lesson.sources.values()} == {"camera", "screen", "card"}
    (first,) = lesson.scenes[lesson.program.start].sources
    assert lesson.sources[first].kind == "card"


def test_the_committed_schema_is_fresh() -> None:
    assert (config_folder() / "lesson.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(lesson_schema())


def test_every_key_of_the_schema_has_a_description() -> None:
    schema = lesson_schema()
    groups = [schema, *schema["$defs"].values()]
    groups += [group for definition in schema["$defs"].values() for group in definition.get("anyOf", [])]
    keys = [(name, key) for group in groups for name, key in group.get("properties", {}).items()]
    assert len(keys) > 60
    for name, key in keys:
        # What refers to a section says of it what the section says of itself.
        target = schema["$defs"][key["$ref"].removeprefix("#/$defs/")] if "$ref" in key else key
        assert key.get("description") or target.get("description"), name


def test_the_defaults_of_the_schema_are_values_that_it_accepts() -> None:
    schema = lesson_schema()
    for definition in schema["$defs"].values():
        for group in [definition, *definition.get("anyOf", [])]:
            for name, key in group.get("properties", {}).items():
                if "default" in key:
                    whole = {**key, "$defs": schema["$defs"]}
                    assert list(Draft7Validator(whole).iter_errors(key["default"])) == [], name


@pytest.mark.parametrize(
    "extra",
    [
        "server: {port: '${A}'}",
        "program: {fps: '${A}', size: '${NAME}', start: null}",
        "video: {bitrate: 1.5M}",
        "video: {bitrate: 1500000, playout_delay: 500, codecs: [vp8]}",
        "scenes2: {}",
        "recording: {start: '${NAME}'}",
        "audio: {a: {source: bars, gain: -6.5}, b: {kind: tone}, c: {kind: source, source: bars}}",
        "ice: {servers: [{urls: 'stun:x'}, {urls: ['turn:x'], username: a, credential: b}]}",
        "server: {tls: {certificate: a, key: b}}",
    ],
)
def test_the_schema_accepts_what_the_program_accepts(extra: str) -> None:
    text = SMALL.replace("scenes:", "  bars: {kind: pattern}\nscenes:") + extra + "\n"
    refused = {fault.split(" ")[1].strip(":") for fault in faults(text) if "unknown key" in fault}
    assert (schema_faults(text) == []) == (not refused)


@pytest.mark.parametrize(
    ("extra", "place"),
    [
        ("program: {fps: ten}", "$.program.fps"),
        ("program: {fsp: 10}", "$.program"),
        ("program: {size: big}", "$.program.size"),
        ("  both: {layout: pip, show: [camera]}", "$.scenes.both"),
        ("  both: {layout: full, show: [camera], size: 25 percent}", "$.scenes.both"),
        ("  both: 5", "$.scenes.both"),
        ("audio: {a: {}}", "$.audio.a"),
        ("audio: {a: {kind: tone, frequency: high}}", "$.audio.a"),
        ("video: {bitrate: fast}", "$.video.bitrate"),
        ("server: {tls: yes}", "$.server.tls"),
        ("sections: {}", "$"),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(extra: str, place: str) -> None:
    text = f"{SMALL}{extra}\n"
    assert faults(text)
    assert schema_faults(text) == [place]


@pytest.mark.parametrize(
    "source", ["{}", "{kind: camra}", "{kind: camera, widht: 5}", "{kind: file}", "{kind: card, size: 1x1}", "camera"]
)
def test_the_schema_knows_the_kinds_of_sources(source: str) -> None:
    assert schema_faults(f"sources: {{a: {source}}}\nscenes: {{s: a}}\n") == ["$.sources.a"]


def test_the_full_lesson_is_right_to_editors() -> None:
    assert schema_faults(FULL.read_text(encoding="utf-8")) == []


def test_the_schema_is_plain_json() -> None:
    assert json.loads(schema_text()) == lesson_schema()
