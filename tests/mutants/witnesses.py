"""Which tests see a line: recorded once by coverage, with the test as its context."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import coverage

from tests.mutants.sample import ROOMS

__all__ = ["Witnesses", "record"]

_UNIT_SECONDS: Final = 30.0
_INTEGRATION_SECONDS: Final = 60.0
"""At most so much of each kind is run for a mutant, by the times that the tests took when they were recorded."""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The tests that run each line, and how long they take."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def of(self, path: str, line: int) -> list[str]:
        """Return the tests to run for a change of a line, the nearest and fastest first.

        A line that runs only when its module is imported, such as a constant, is seen by all tests of that module.
        """
        file = self.lines.get(path, {})
        seen = set(file.get(line, ())) or {test for tests in file.values() for test in tests}
        unit = [test for test in seen if test.startswith("tests/unit/")]
        mirror = _mirror(path)
        unit.sort(key=lambda test: (not test.startswith(mirror), self.seconds.get(test, 0.0), test))
        rest = sorted(seen.difference(unit), key=lambda test: (self.seconds.get(test, 0.0), test))
        return self._within(unit, _UNIT_SECONDS) + self._within(rest, _INTEGRATION_SECONDS)

    def _within(self, tests: list[str], seconds: float) -> list[str]:
        taken: list[str] = []
        for test in tests:
            seconds -= self.seconds.get(test, 0.0)
            if taken and seconds < 0:
                break
            taken.append(test)
        return taken


def record(root: Path, state: Path, environment: dict[str, str], tests: list[str]) -> Witnesses:
    """Run the tests once with coverage, in the copy of the tree at ``root``, or read what an earlier run left."""
    contexts, times = state / "coverage", state / "seconds.xml"
    if not contexts.exists():
        rooms = ",".join(pattern for patterns in ROOMS.values() for pattern in patterns)
        (root / "mutants.coveragerc").write_text(f"[run]\ndata_file = {contexts}.new\ninclude = {rooms}\n")
        subprocess.run(
            [sys.executable, "-m", "pytest", "--cov", "--cov-config=mutants.coveragerc", "--cov-context=test",
             "--cov-report=", "--numprocesses=2", "--dist=worksteal", f"--junit-xml={times}", "-m",
             "not alone and not long", *tests],
            cwd=root, env=environment, check=False,
        )  # fmt: skip
        Path(f"{contexts}.new").rename(contexts)
    return Witnesses(_lines(root, contexts), _seconds(times))


def _lines(root: Path, contexts: Path) -> dict[str, dict[int, list[str]]]:
    data = coverage.CoverageData(str(contexts))
    data.read()
    found: dict[str, dict[int, list[str]]] = {}
    for path in data.measured_files():
        lines: dict[int, list[str]] = defaultdict(list)
        for line, names in data.contexts_by_lineno(path).items():
            lines[line] = sorted({name.partition("|")[0] for name in names if name})
        found[Path(path).relative_to(root).as_posix()] = {line: tests for line, tests in lines.items() if tests}
    return found


def _mirror(path: str) -> str:
    folder, _, name = path.removeprefix("classroom/").rpartition("/")
    return f"tests/unit/{folder}/test_{name}::"


def _seconds(report: Path) -> dict[str, float]:
    cases = ElementTree.parse(report).iter("testcase")
    return {
        f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name']}": float(case.attrib["time"])
        for case in cases
    }
