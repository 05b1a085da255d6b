"""Changes lines of the program at random, and says which changes no test notices: ``make mutants``.

The changes are made in a copy of the tree. What is done is kept in the state folder, so a run may be stopped at any
time and goes on where it was; delete the folder to begin anew.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import py_compile
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cosmic_ray.work_item import MutationSpec

from tests.mutants.sample import sample
from tests.mutants.trial import try_mutant
from tests.mutants.witnesses import record

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Try the sample until it is done or the time is over, and print what survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=7200.0, help="no further mutant is begun after this time")
    parser.add_argument("--state", type=Path, default=ROOT / "build" / "mutants")
    parser.add_argument("tests", nargs="*", default=["tests/unit", "tests/integration"])
    wanted = parser.parse_args()
    end = time.monotonic() + wanted.seconds
    state: Path = wanted.state.resolve()
    tree = _copy(state / "tree")
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    witnesses = record(tree, state, environment, wanted.tests)
    results = state / "results.jsonl"
    done = {entry["mutant"]: entry for entry in _entries(results)}
    for mutation in sample(tree, wanted.count, wanted.seed):
        name = _name(mutation)
        if name in done:
            continue
        if time.monotonic() >= end:
            break
        path, line = str(mutation.module_path), mutation.start_pos[0]
        result = try_mutant(tree, environment, mutation, witnesses.of(path, line))
        done[name] = {"mutant": name, "path": path, "line": line, **asdict(result)}
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[name]) + "\n")
        print(f"{len(done)}/{wanted.count} {result.outcome}: {path}:{line} {result.by}", flush=True)
    _summary(list(done.values()), wanted.count)


def _copy(tree: Path) -> Path:
    """Copy what git knows, so that nothing is changed where people work."""
    if not tree.exists():
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, names.split("\0")):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
        (tree / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
        # By contents: a mutant may have the size and the second of the file that it replaces.
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(tree / "classroom", quiet=1, invalidation_mode=mode)
    return tree


def _name(mutation: MutationSpec) -> str:
    return f"{mutation.module_path}:{mutation.start_pos[0]} {mutation.operator_name} {mutation.occurrence}"


def _entries(results: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []


def _summary(done: list[dict[str, Any]], count: int) -> None:
    print(f"{len(done)} of {count} tried:", dict(Counter(entry["outcome"] for entry in done)))
    for entry in sorted(done, key=lambda entry: str(entry["mutant"])):
        if entry["outcome"] in {"survived", "unseen", "unsteady"}:
            print(f"{entry['outcome']}: {entry['path']}:{entry['line']}\n  - {entry['before']}\n  + {entry['after']}")


if __name__ == "__main__":
    main()
