"""Finds out by trial which signs of a faulty file only look right, so that it is told of them and not of what follows.

A sign that may be meant as text is left alone: a line is taken for wrong only where the file has fewer faults without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from classroom.common.errors import Fault
from classroom.common.sentences import Sentence
from classroom.lesson.lookalikes import Repair, repairs

__all__ = ["with_right_signs"]

_MOST_TRIES: Final = 60
_MOST_CHARACTERS: Final = 400_000
"""How much is read in trials: about a second's worth."""

_HIDING: Final = frozenset({"fault.no_kind", "fault.expects_kind", "fault.expects_keys", "fault.empty_section"})
"""Codes of faults behind which others may be hidden."""

_HIDDEN: Final = 3
"""How many faults such a one counts for."""


def with_right_signs(
    text: str, file: Path, faults: Sequence[Fault], read: Callable[[str], Sequence[Fault]]
) -> Sequence[Fault]:
    """The faults of a text in which wrong signs are named instead of their consequences.

    Args:
        text: the lesson file.
        file: its name.
        faults: what was found in it as it is.
        read: finds the faults of another text.
    """
    trials = _Trials(text, faults, read)
    trials.run()
    accepted = [trials.accepted[line] for line in sorted(trials.accepted)]
    wrong = [Fault(file, repair.line + 1, at, "", said) for repair in accepted for at, said in repair.faults]
    return [*wrong, *(_as_written(fault, accepted) for fault in trials.faults)]


class _Trials:
    """Tries repairs; ``accepted`` are those that the file needs, by line, ``faults`` what is wrong even with them."""

    def __init__(self, text: str, faults: Sequence[Fault], read: Callable[[str], Sequence[Fault]]) -> None:
        self.accepted: dict[int, Repair] = {}
        self.faults = faults
        self._read = read
        self._lines = text.splitlines(keepends=True)
        self._left = min(_MOST_TRIES, _MOST_CHARACTERS // (len(text) + 1))

    def run(self) -> None:
        """Repair all lines, and see which of them need it; where that makes nothing better, one after the other."""
        candidates = list(repairs(self._lines))
        every = {alternatives[0].line: alternatives[0] for alternatives in candidates}
        if every and self._try(every, better=True):
            for line in every:
                self._try({each: repair for each, repair in self.accepted.items() if each != line}, better=False)
            return
        for alternatives in candidates:
            for repair in alternatives:
                if self._try({**self.accepted, repair.line: repair}, better=True):
                    break

    def _try(self, chosen: dict[int, Repair], *, better: bool) -> bool:
        """Accept these repairs if the file is better with them, or at least as good; False where it is not."""
        if self._left == 0:
            return False
        self._left -= 1
        lines = [chosen[number].text if number in chosen else line for number, line in enumerate(self._lines)]
        faults = self._read("".join(lines))
        if _rank(faults) < _rank(self.faults) or (better and _rank(faults) == _rank(self.faults)):
            return False
        self.accepted, self.faults = chosen, faults
        return True


def _rank(faults: Sequence[Fault]) -> tuple[int, int, int]:
    """How good a file is: one that is no YAML ends at its fault, and a later one is better; else fewer are."""
    count = 0
    for fault in faults:
        code = fault.message.code if isinstance(fault.message, Sentence) else ""
        if code.startswith("yaml."):
            return 0, fault.line, fault.column
        count += _HIDDEN if code in _HIDING else 1
    return 1, -count, 0


def _as_written(fault: Fault, accepted: Sequence[Repair]) -> Fault:
    """A fault of the repaired text at its column in the file."""
    columns = next((repair.columns for repair in accepted if repair.line == fault.line - 1), ())
    return replace(fault, column=columns[fault.column - 1]) if fault.column <= len(columns) else fault
