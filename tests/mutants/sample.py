"""Which lines are changed: a sample by chance, shared out over the rooms by their lines."""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.plugins import get_operator, operator_names
from cosmic_ray.work_item import MutationSpec

__all__ = ["ROOMS", "sample"]

ROOMS: Final = {
    "webrtc": ("classroom/webrtc/**/*.py",),
    "signaling": ("classroom/signaling/*.py",),
    "control": ("classroom/control/*.py",),
    "features": ("classroom/features/*.py",),
    "media": tuple(f"classroom/media/{name}*.py" for name in ("sound", "program", "fanout", "encoder")),
}
"""The files of each room, as patterns."""


def sample(root: Path, count: int, seed: int) -> list[MutationSpec]:
    """Return ``count`` mutations of the tree at ``root``, the same for the same seed and the same code.

    A room gets as many as its share of the lines that can be changed. Each line is taken once at most, and of the
    mutations of a line one by chance: else lines with long sums would be most of the sample.
    """
    dice = random.Random(seed)
    lines = {room: _changeable_lines(root, patterns) for room, patterns in ROOMS.items()}
    total = sum(len(found) for found in lines.values())
    chosen: list[MutationSpec] = []
    for found in lines.values():
        taken = dice.sample(sorted(found), round(count * len(found) / total))
        chosen.extend(dice.choice(found[place]) for place in taken)
    dice.shuffle(chosen)
    return chosen


def _changeable_lines(root: Path, patterns: Sequence[str]) -> dict[tuple[str, int], list[MutationSpec]]:
    found: dict[tuple[str, int], list[MutationSpec]] = defaultdict(list)
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            silent = set(_lines_without_effect(ast.parse(path.read_text("utf-8"))))
            for mutation in _mutations(path.relative_to(root), root):
                spot = mutation.start_pos
                if not any(first <= spot < last for first, last in silent):
                    found[str(mutation.module_path), spot[0]].append(mutation)
    return found


def _mutations(path: Path, root: Path) -> Iterator[MutationSpec]:
    tree = get_ast_from_path(root / path)
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments():
            continue  # those that need to be told names of variables
        operator = kind()
        spots = [spot for node in ast_nodes(tree) for spot in operator.mutation_positions(node)]
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
