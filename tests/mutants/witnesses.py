"""Which tests see a line: recorded by coverage, with the test as its context, one file of tests after the other."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import coverage

from tests.mutants.pytest_server import PytestServer
from tests.mutants.sample import ROOMS, Mutant

__all__ = ["NOT_SLOW", "Witnesses"]

NOT_SLOW: Final = ("-m", "not alone and not long")

_UNIT_SECONDS: Final = 30.0
_INTEGRATION_SECONDS: Final = 60.0
"""At most so much of each kind is run for a mutant, by the times that the tests took when they were recorded."""

_LONGEST: Final = 600.0
"""Seconds for a file of tests while it is recorded."""


@dataclass(frozen=True, slots=True)
class _Recorded:
    digest: str
    seconds: dict[str, float]
    """How long each test takes."""
    lines: dict[str, dict[str, list[str]]]
    """The tests by path and text of the line: the texts remain when the lines move."""


class Witnesses:
    """The tests that run each line, and how long they take.

    A file of tests is recorded once, and anew when it was changed.
    """

    def __init__(self, root: Path, state: Path) -> None:
        self._root = root
        self._state = state / "recorded"
        self._state.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, _Recorded] = {}

    def record(self, file: str, server: PytestServer) -> None:
        """Record one file of tests, unless an earlier run has."""
        digest = hashlib.sha256((self._root / file).read_bytes()).hexdigest()
        kept = self._state / f"{file.replace('/', '.')}.json"
        if kept.exists() and (recorded := _Recorded(**json.loads(kept.read_text("utf-8")))).digest == digest:
            self._files[file] = recorded
            return
        contexts, times, settings = (kept.with_suffix(end) for end in (".coverage", ".xml", ".coveragerc"))
        rooms = ",".join(pattern for patterns in ROOMS.values() for pattern in patterns)
        settings.write_text(f"[run]\ndata_file = {contexts}\ninclude = {rooms}\n")
        server.run(
            ["--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report=", f"--junit-xml={times}",
             "-p", "no:cacheprovider", *NOT_SLOW, file],
            _LONGEST,
        )  # fmt: skip
        seconds = _seconds(times) if times.exists() else {}
        lines = _lines(self._root, contexts) if contexts.exists() else {}
        recorded = self._files[file] = _Recorded(digest, seconds, lines)
        kept.write_text(json.dumps(asdict(recorded)))
        for left in (contexts, times, settings):
            left.unlink(missing_ok=True)

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests to run for a change of a line: those that mirror its file, other unit tests, the rest.

        A line that runs only when its module is imported, such as a constant, is seen by all tests of that module.
        """
        files = [file.lines.get(mutant.path, {}) for file in self._files.values()]
        seen = {test for file in files for test in file.get(mutant.text, ())}
        seen = seen or {test for file in files for tests in file.values() for test in tests}
        unit = [test for test in seen if test.startswith("tests/unit/")]
        mirror = _mirror(mutant.path)
        room = mirror.rpartition("/")[0] + "/"
        unit.sort(key=lambda test: (not test.startswith(mirror), not test.startswith(room), self._took(test), test))
        return self._within(unit, _UNIT_SECONDS) + self._within(
            self._mixed(seen.difference(unit)), _INTEGRATION_SECONDS
        )

    def seconds(self, tests: Sequence[str]) -> float:
        """Return how long the tests took together when they were recorded."""
        return sum(map(self._took, tests))

    def _took(self, test: str) -> float:
        recorded = self._files.get(test.partition("::")[0])
        return recorded.seconds.get(test, 0.0) if recorded is not None else 0.0

    def _mixed(self, tests: set[str]) -> list[str]:
        """Order tests so that each file has its turn: the fastest of each, then the second of each."""
        turns: dict[str, int] = defaultdict(int)
        ordered = []
        for test in sorted(tests, key=lambda test: (self._took(test), test)):
            file = test.partition("::")[0]
            turns[file] += 1
            ordered.append((turns[file], self._took(test), test))
        return [test for _, _, test in sorted(ordered)]

    def _within(self, tests: list[str], seconds: float) -> list[str]:
        taken: list[str] = []
        for test in tests:
            seconds -= self._took(test)
            if taken and seconds < 0:
                break
            taken.append(test)
        return taken


def _lines(root: Path, contexts: Path) -> dict[str, dict[str, list[str]]]:
    data = coverage.CoverageData(str(contexts))
    data.read()
    found: dict[str, dict[str, list[str]]] = {}
    for path in data.measured_files():
        texts = Path(path).read_text("utf-8").splitlines()
        tests: dict[str, set[str]] = defaultdict(set)
        for line, names in data.contexts_by_lineno(path).items():
            tests[texts[line - 1].strip()].update(name.partition("|")[0] for name in names if name)
        place = Path(path).relative_to(root).as_posix()
        found[place] = {text: sorted(names) for text, names in tests.items() if names}
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
