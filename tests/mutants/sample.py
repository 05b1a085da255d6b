"""Which lines are changed: a sample by chance, shared out over the rooms by their lines.

The draw goes by the text of the lines, not by their numbers: work on one file does not change what is drawn in others.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from cosmic_ray.work_item import MutationSpec

__all__ = ["ROOMS", "Mutant", "sample"]

ROOMS: Final = {
    "webrtc": ("classroom/webrtc/**/*.py",),
    "signaling": ("classroom/signaling/*.py",),
    "control": ("classroom/control/*.py",),
    "features": ("classroom/features/*.py",),
    "media": tuple(f"classroom/media/{name}*.py" for name in ("sound", "program", "fanout", "encoder")),
}
"""The files of each room, as patterns."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one line."""

    name: str
    """The same as long as the line is: its file, its text, and which change of it."""
    path: str
    line: int
    text: str
    mutation: MutationSpec


def sample(root: Path, count: int, seed: int) -> list[Mutant]:
    """Return ``count`` mutants of the tree at ``root``, the same for the same seed and the same code.

    A room gets as many as its share of the lines that can be changed. Each line is taken once at most, and of the
    mutants of a line one by chance: else lines with long sums would be most of the sample. What is no Python any more
    is not taken, for every test would notice it.
    """
    lines = {room: _changeable_lines(root, patterns) for room, patterns in ROOMS.items()}
    total = sum(len(found) for found in lines.values())
    chosen: list[Mutant] = []
    for found in lines.values():
        drawn = (_drawn(root, found[name], seed) for name in sorted(found, key=lambda name: _chance(seed, name)))
        chosen.extend(itertools.islice(filter(None, drawn), round(count * len(found) / total)))
    return sorted(chosen, key=lambda mutant: _chance(seed, f"order {mutant.name}"))


def _drawn(root: Path, mutants: list[Mutant], seed: int) -> Mutant | None:
    by_chance = sorted(mutants, key=lambda mutant: _chance(seed, mutant.name))
    return next((mutant for mutant in by_chance if _is_python(root, mutant.mutation)), None)


def _is_python(root: Path, mutation: MutationSpec) -> bool:
    source = (root / mutation.module_path).read_text("utf-8")
    try:
        changed = mutate_code(source, get_operator(mutation.operator_name)(), mutation.occurrence)
        ast.parse(changed or "")
    except SyntaxError:
        return False
    return changed is not None


def _chance(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()


def _changeable_lines(root: Path, patterns: Sequence[str]) -> dict[str, list[Mutant]]:
    """Return the mutants of each line, by its file, its text, and how many lines before it have the same text."""
    found: dict[str, list[Mutant]] = defaultdict(list)
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        source = path.read_text("utf-8")
        parsed = ast.parse(source)
        silent = set(_lines_without_effect(parsed))
        sums = [_span(node) for node in ast.walk(parsed) if isinstance(node, ast.BinOp | ast.AugAssign)]
        texts = [text.strip() for text in source.splitlines()]
        place = path.relative_to(root)
        for mutation in _mutations(place, root):
            start = mutation.start_pos
            if any(first <= start < last for first, last in silent):
                continue
            if "BinaryOperator" in mutation.operator_name and not any(first <= start < last for first, last in sums):
                continue  # the star of keyword parameters, which cosmic-ray takes for a product
            text = texts[start[0] - 1]
            line = f"{place.as_posix()}: {text} #{texts[: start[0] - 1].count(text)}"
            kind = f"{mutation.operator_name.removeprefix('core/')} {len(found[line])}"
            found[line].append(Mutant(f"{line} {kind}", place.as_posix(), start[0], text, mutation))
    return found


def _mutations(path: Path, root: Path) -> Iterator[MutationSpec]:
    tree = get_ast_from_path(root / path)
    nodes = list(ast_nodes(tree))
    for name in sorted(operator_names()):
        kind = get_operator(name)
        if kind.arguments():
            continue  # those that need to be told names of variables
        operator = kind()
        spots = [spot for node in nodes for spot in operator.mutation_positions(node)]
        for number, (start, end) in enumerate(spots):
            if start < end and not name.startswith("core/NoOp"):
                yield MutationSpec(path, name, number, start, end)


def _lines_without_effect(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Annotations are never evaluated where they are postponed, nor is what only a type checker reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield _span(node.annotation)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield _span(node.returns)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield _span(node)


def _span(node: ast.expr | ast.stmt) -> tuple[tuple[int, int], tuple[int, int]]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
