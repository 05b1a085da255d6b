"""Changes lines of the program at random, and says which changes no test notices: ``make mutants``.

The changes are made in a copy of the tree. What is done is kept in the state folder, so a run may be stopped at any
time and goes on where it was. A mutant that no test noticed is tried again when the tests that see it are others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import py_compile
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.mutants.pytest_server import PytestServer
from tests.mutants.sample import Mutant, sample
from tests.mutants.trial import try_mutant
from tests.mutants.witnesses import Witnesses

ROOT = Path(__file__).parents[2]
NOTICED = {"killed", "hung"}


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
    server = PytestServer(tree, state)
    witnesses = Witnesses(tree, state)
    for file in _files(tree, wanted.tests):
        if time.monotonic() < end:
            witnesses.record(file, server)
    mutants = sample(tree, wanted.count, wanted.seed)
    done = _try(mutants, tree, state / "results.jsonl", server, witnesses, end)
    server.close()
    _summary([done[mutant.name] for mutant in mutants if mutant.name in done], len(mutants))


def _try(
    mutants: list[Mutant], tree: Path, results: Path, server: PytestServer, witnesses: Witnesses, end: float
) -> dict[str, dict[str, Any]]:
    done = {entry["mutant"]: entry for entry in _entries(results)}
    for mutant in mutants:
        tests = witnesses.of(mutant)
        digest = _digest(tree, tests)
        earlier = done.get(mutant.name)
        if earlier is not None and (earlier["outcome"] in NOTICED or earlier["digest"] == digest):
            continue
        if time.monotonic() >= end:
            break
        result = try_mutant(tree, server, mutant, tests, witnesses.seconds(tests))
        place = {"path": mutant.path, "line": mutant.line, "digest": digest}
        done[mutant.name] = {"mutant": mutant.name, **place, **asdict(result)}
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[mutant.name]) + "\n")
        print(f"{len(done)} {result.outcome}: {mutant.path}:{mutant.line} {result.by}", flush=True)
    return done


def _digest(tree: Path, tests: list[str]) -> str:
    """Name the tests that see a mutant, and what stands in their files."""
    digest = hashlib.sha256("\n".join(tests).encode())
    for file in sorted({test.partition("::")[0] for test in tests}):
        digest.update((tree / file).read_bytes())
    return digest.hexdigest()


def _copy(tree: Path) -> Path:
    """Copy what git knows, so that nothing is changed where people work; an older copy is brought up to date."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    known = {name for name in names.split("\0") if name and (ROOT / name).is_file()}
    for name in known:
        source, copy = ROOT / name, tree / name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
            if copy.suffix == ".py":
                # By contents: a mutant may have the size and the second of the file that it replaces.
                py_compile.compile(str(copy), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    for folder in ("classroom", "tests"):
        for copy in (tree / folder).rglob("*.py"):
            if copy.relative_to(tree).as_posix() not in known:
                copy.unlink()
    modules = tree / "web" / "node_modules"
    if not modules.is_symlink():
        modules.symlink_to(ROOT / "web" / "node_modules")
    return tree


def _files(tree: Path, tests: list[str]) -> list[str]:
    """Return the files of tests, those of the rooms first."""
    found = {
        file for name in tests for file in ([tree / name] if name.endswith(".py") else (tree / name).rglob("test_*.py"))
    }
    return sorted(file.relative_to(tree).as_posix() for file in found)


def _entries(results: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []


def _summary(done: list[dict[str, Any]], count: int) -> None:
    print(f"{len(done)} of {count} tried:", dict(Counter(entry["outcome"] for entry in done)))
    for entry in sorted(done, key=lambda entry: str(entry["mutant"])):
        if entry["outcome"] not in NOTICED:
            print(f"{entry['outcome']}: {entry['path']}:{entry['line']}\n  - {entry['before']}\n  + {entry['after']}")


if __name__ == "__main__":
    main()
