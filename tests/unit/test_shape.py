"""The shape of the code: short functions, short constructors, short files, and one meaning for each class name."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES_OF_A_FUNCTION = 40
LINES_OF_A_FILE = 400
LINES_OF_A_FEATURE = 250
PARAMETERS_OF_A_CONSTRUCTOR = 8

TREES = {path: ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "classroom").rglob("*.py"))}


def named(path: Path, *parts: object) -> str:
    return ":".join([path.relative_to(ROOT).as_posix(), *map(str, parts)])


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_functions_are_short_outside_of_the_measurements() -> None:
    long = [
        named(path, node.lineno, node.name)
        for path, node in functions()
        if path.parent.name != "bench" and (node.end_lineno or 0) - node.lineno + 1 > LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_constructors_take_few_parameters_but_where_everything_is_built() -> None:
    many = []
    for path, node in functions():
        given = node.args
        count = len([*given.posonlyargs, *given.args, *given.kwonlyargs]) - 1 + bool(given.vararg) + bool(given.kwarg)
        if node.name == "__init__" and count > PARAMETERS_OF_A_CONSTRUCTOR and path.name != "broadcaster.py":
            many.append(named(path, node.lineno, count))
    assert many == []


def test_files_are_short() -> None:
    long = []
    for path in TREES:
        most = LINES_OF_A_FEATURE if path.parent.name == "features" else LINES_OF_A_FILE
        lines = len(path.read_text("utf-8").splitlines())
        if lines > most:
            long.append(named(path, lines))
    assert long == []


def test_the_name_of_a_class_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(named(path, node.lineno))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
