"""What a teacher is told to do about a source: nothing that a source of its kind does not have."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest
from pydantic import BaseModel

from classroom.lesson import audio, sources
from classroom.media.advice import Trouble, advice

CABLES = ("cable", "Plug", "port")
PLACES = {
    "camera": CABLES,
    "microphone": CABLES,
    "screen": ("screen", "busy"),
    "stream": ("network", "device that sends it"),
    "file": ("drive",),
    "slides": ("drive",),
    "browser": ("device that shares it", "busy"),
    "computer": (*CABLES, "plays sound"),
    "card": ("busy",),
    "pattern": ("busy",),
    "tone": ("busy",),
}
"""Where the fault may lie, of which each sentence names one."""

NEVER = [(trouble, kind) for trouble in ("frozen",) for kind in ("screen", "file", "slides", "card", "pattern", "tone")]
"""What stands still as it is meant to."""


def test_every_kind_has_its_place() -> None:
    kinds = {
        model.model_fields["kind"].default
        for module in (sources, audio)
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, BaseModel) and "kind" in model.model_fields
    }
    assert kinds - {"source"} == set(PLACES)


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("trouble", get_args(Trouble))
def test_it_looks_where_the_fault_may_lie(trouble: Trouble, kind: str) -> None:
    if (trouble, kind) in NEVER:
        return
    said = advice(trouble, kind, "x", 5.0)
    assert any(place in said for place in PLACES[kind]), said
    if kind in {"screen", "stream", "file", "slides", "browser", "card", "pattern", "tone"}:
        assert "Plug" not in said, said
        assert "cable, or use" not in said, said
