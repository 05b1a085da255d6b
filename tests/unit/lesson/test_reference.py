"""config/reference.yaml is the manual: it has every key, every default and every sentence of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from classroom.common.paths import config_folder
from classroom.lesson import Lesson, check_lesson
from classroom.lesson.document import KeyPath, read_document
from classroom.lesson.nodes import compose
from classroom.lesson.shape import model_at

REFERENCE = config_folder() / "reference.yaml"
EXAMPLE = re.compile(r"^( *)# For example:$")


def with_examples(text: str) -> str:
    """The reference with its examples in place of the short defaults above them."""
    lines: list[str] = []
    inside: str | None = None
    for line in text.splitlines():
        if found := EXAMPLE.match(line):
            inside = found[1] + "#   "
            # The example takes the place of the line before, and of the sentence that it repeats.
            key = lines.pop()
            assert re.fullmatch(
                r" *(tls: auto|servers: \[\]|region: null|turn: null|crop: null|border: null|monitor: 1|cues: \[\])",
                key,
            )
        elif inside is not None and line.startswith(inside):
            lines.append(line.replace("#   ", "", 1))
        else:
            inside = None
            lines.append(line)
    return "\n".join(lines) + "\n"


def tag(path: KeyPath, values: Any) -> tuple[str | int, ...]:
    """The path as the model has it, with the kind of a source or an input."""
    if path[:1] in (("sources",), ("audio",), ("overlays",)) and len(path) >= 2:
        return (*path[:2], values[path[0]][path[1]]["kind"], *path[2:])
    if path[:2] == ("server", "tls") and isinstance(values["server"]["tls"], dict):
        return (*path[:2], "certificate", *path[2:])
    return path


def groups(values: Any, whole: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, type[BaseModel], dict[str, Any]]]:
    """Every group of keys that has a model, with its path."""
    if isinstance(values, dict):
        model = model_at(Lesson, tag(path, whole))
        if model is not None:
            yield path, model, values
        for key, value in values.items():
            yield from groups(value, whole, (*path, key))
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from groups(value, whole, (*path, number))


def read(text: str) -> dict[str, Any]:
    document = read_document(text, REFERENCE, {})
    assert document.faults == []
    assert isinstance(document.values, dict)
    return document.values


TEXT = REFERENCE.read_text(encoding="utf-8")
TEXTS = pytest.mark.parametrize("text", [TEXT, with_examples(TEXT)], ids=["as it is", "with its examples"])


def test_it_is_a_valid_lesson() -> None:
    assert check_lesson(REFERENCE, {}).faults == ()


@TEXTS
def test_every_group_has_every_key_and_no_other(text: str) -> None:
    values = read(text)
    for path, model, group in groups(values, values):
        if path[:1] == ("scenes",) and path != ("scenes", "screen"):
            continue  # shorter forms, shown after the whole one
        assert list(group) == list(model.model_fields), path


def test_every_model_is_there() -> None:
    values = read(with_examples(TEXT))
    there = {model.__name__ for _, model, _ in groups(values, values)}
    assert there == {name for name, model in models(Lesson)}


def models(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    from classroom.lesson import audio, cues, overlays, scenes, sections, sources

    yield model.__name__, model
    for module in (audio, cues, overlays, scenes, sections, sources):
        for name in module.__all__:
            found = getattr(module, name)
            if isinstance(found, type) and issubclass(found, BaseModel):
                yield name, found


@TEXTS
def test_every_value_is_the_default(text: str) -> None:
    values = read(text)
    values["scenes"] = {"screen": values["scenes"]["screen"]}
    values["sources"]["screen"].pop("monitor", None)  # it and a region exclude each other
    examples: set[KeyPath] = (
        {("ice",), ("ice", "servers"), ("ice", "turn"), ("server",), ("server", "tls")} if text != TEXT else set()
    )
    bare = required_only(values, values, examples)
    assert "program" not in bare
    assert bare["sources"]["camera"] == {"kind": "camera"}
    example = {
        "servers": [{"urls": "stun:stun.example.org:3478"}],
        "turn": {"urls": "turn:turn.example.org:3478", "secret": "a shared secret"},
    }
    assert bare.get("ice") == (example if examples else None)
    context = {"folder": Path("/lessons")}
    assert Lesson.model_validate(values, context=context) == Lesson.model_validate(bare, context=context)


def required_only(values: Any, whole: Any, examples: set[KeyPath], path: KeyPath = ()) -> Any:
    """The values without those that have a default, apart from names, kinds and the examples."""
    if isinstance(values, list):
        return [required_only(value, whole, examples, (*path, number)) for number, value in enumerate(values)]
    if not isinstance(values, dict):
        return values
    model = model_at(Lesson, tag(path, whole))
    return {
        key: required_only(value, whole, examples, (*path, key))
        for key, value in values.items()
        if model is None
        or model.model_fields[key].is_required()
        or key in ("kind", "region", "audio", "overlays", "crop", "border", "cues", "slide")
        or (*path, key) in examples
    }


@TEXTS
def test_every_key_has_its_sentence(text: str) -> None:
    values = read(text)
    for path, model, group in groups(values, values):
        if path[:1] == ("scenes",) and path != ("scenes", "screen"):
            continue
        if path == ("video", "tiers", 1):
            continue  # the second of two alike
        for key in group:
            assert sentence(text, (*path, key)) == model.model_fields[key].description, (*path, key)


def sentence(text: str, path: KeyPath) -> str:
    """The comment right above a key."""
    node = compose(text, 20)
    line = 0
    for step in path:
        if isinstance(step, int):
            node = node.items[step]  # type: ignore[union-attr]
            continue
        line, node = next((key.mark.line, value) for key, value in node.pairs if key.text == step)  # type: ignore[union-attr]
    lines = text.splitlines()
    comment: list[str] = []
    for above in reversed(lines[: line - 1]):
        if not above.lstrip().startswith("# "):
            break
        comment.insert(0, above.lstrip().removeprefix("# "))
    return " ".join(comment)


def test_yaml_of_editors_reads_it_alike() -> None:
    assert list(yaml.safe_load(TEXT)) == list(Lesson.model_fields)
