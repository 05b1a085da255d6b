"""Tries one mutant: changes the file in the copy, runs the tests that see the line, and puts the file back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator

from tests.mutants.pytest_server import PytestServer
from tests.mutants.sample import Mutant

__all__ = ["Outcome", "Result", "try_mutant"]

Outcome = Literal["killed", "hung", "survived", "unseen", "unsteady"]
"""``unseen``: no test runs the line. ``unsteady``: what failed fails without the mutant as well."""

_STARTING: Final = 15.0
_TIMES_AS_LONG: Final = 4.0
"""A run is given up after so many times of what its tests took without a mutant, and the seconds to begin."""

_UNLUCKY: Final = 3
"""So many tests may fail once and pass at the second time, until the mutant counts as unsteady."""

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


def try_mutant(root: Path, server: PytestServer, mutant: Mutant, tests: Sequence[str], seconds: float) -> Result:
    """Run the tests against a mutant. What fails must fail again with it, and pass without it, to count.

    ``seconds`` is how long the tests took without a mutant.
    """
    limit = _STARTING + _TIMES_AS_LONG * seconds
    path = root / mutant.mutation.module_path
    operator = get_operator(mutant.mutation.operator_name)()
    with use_mutation(path, operator, mutant.mutation.occurrence) as (old, new):
        assert new is not None
        before, after = _changed(old, new, mutant.line)
        outcome, failed = _failure(server, list(tests), limit)
    if outcome in {"killed", "hung"} and _run(server, failed, limit)[0] != 0:
        outcome = "unsteady"
    return Result(outcome, failed[0] if len(failed) == 1 else "", before, after, len(tests))


def _failure(server: PytestServer, tests: list[str], limit: float) -> tuple[Outcome, list[str]]:
    """Return what the tests say of the mutant that is in place, and those that fail twice."""
    if not tests:
        return "unseen", []
    for _ in range(_UNLUCKY):
        code, output = _run(server, tests, limit)
        if code == 0:
            return "survived", []
        failed = _FAILED.findall(output)[:1] or tests
        again = _run(server, failed, limit)[0]
        if again != 0:
            return ("hung" if again is None else "killed"), failed
        tests = [test for test in tests if test not in failed]
        if not tests:
            return "survived", []
    return "unsteady", []


def _run(server: PytestServer, tests: Sequence[str], limit: float) -> tuple[int | None, str]:
    return server.run(["-x", "--timeout=60", "--hypothesis-seed=0", "-p", "no:cacheprovider", *tests], limit)


def _changed(old: str, new: str, line: int) -> tuple[str, str]:
    before, after = old.splitlines(), new.splitlines()
    if len(before) != len(after):
        return before[line - 1].strip(), "(left out)"
    spot = next((number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]), line - 1)
    return before[spot].strip(), after[spot].strip()
