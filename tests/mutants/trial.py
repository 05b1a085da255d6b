"""Tries one mutant: changes the file in the copy, runs the tests that see the line, and puts the file back."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec

__all__ = ["Outcome", "Result", "try_mutant"]

Outcome = Literal["killed", "hung", "survived", "unseen", "unsteady"]
"""``unseen``: no test runs the line. ``unsteady``: the test that failed fails without the mutant as well."""

_LONGEST: Final = 300.0
"""Seconds for all tests of one mutant; past them it hangs something, which counts as killed."""

_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?\.py(?:::.*?)?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a mutant."""

    outcome: Outcome
    by: str
    """The first test that failed, or nothing."""
    before: str
    after: str
    """The line as it is, and as the mutant has it."""
    tests: int
    """How many tests see it and were run at most."""


def try_mutant(root: Path, environment: dict[str, str], mutation: MutationSpec, tests: list[str]) -> Result:
    """Run the tests against a mutant. A test that fails must pass without the mutant, else it proves nothing."""
    path = root / mutation.module_path
    with use_mutation(path, get_operator(mutation.operator_name)(), mutation.occurrence) as (old, new):
        assert new is not None
        before, after = _changed(old, new, mutation.start_pos[0])
        code, output = _run(root, environment, tests) if tests else (0, "")
    failed = next(iter(_FAILED.findall(output)), "")
    if not tests:
        outcome: Outcome = "unseen"
    elif code == 0:
        outcome = "survived"
    elif _run(root, environment, [failed] if failed else tests)[0] != 0:
        outcome = "unsteady"
    else:
        outcome = "hung" if code < 0 else "killed"
    return Result(outcome, failed, before, after, len(tests))


def _run(root: Path, environment: dict[str, str], tests: list[str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-x", "--timeout=60", "--hypothesis-seed=0", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*command, *tests], cwd=root, env=environment, capture_output=True, text=True, timeout=_LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, ""
    return done.returncode, done.stdout


def _changed(old: str, new: str, line: int) -> tuple[str, str]:
    before, after = old.splitlines(), new.splitlines()
    if len(before) != len(after):
        return before[line - 1].strip(), "(left out)"
    spot = next((number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]), line - 1)
    return before[spot].strip(), after[spot].strip()
