"""A lesson file as plain values, with the place in the file of every key and value.

Knows YAML and environment variables, and nothing about lessons. Everything is bounded: depth, and the number
of values after aliases are followed, so that a small file cannot become a large one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from classroom.common.errors import Fault
from classroom.common.sentences import Wording
from classroom.lesson import nodes
from classroom.lesson.nodes import Mark, Node
from classroom.lesson.scalars import resolve
from classroom.lesson.words import FromEnvironment, printable

__all__ = ["UNUSABLE", "Document", "KeyPath", "Problem", "problems_to_faults", "read_document", "spelled"]

KeyPath = tuple[str | int, ...]
"""Where a value is: the keys and list positions that lead to it from the top."""

MAXIMUM_DEPTH = 20
MAXIMUM_VALUES = 10_000

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_NO_VARIABLE: Final = Wording("fault.no_variable", "'{text}' is not ${NAME}; write $${ for a plain ${")
_NOT_SET: Final = Wording("fault.variable_not_set", "the environment variable {variable} is not set")


class _Unusable:
    """Replaces a value whose fault is known already, so that nothing else is reported about it."""

    def __repr__(self) -> str:
        return "UNUSABLE"


UNUSABLE: Final = _Unusable()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, before it is known where in the file that is.

    ``at`` says whether the key or the value is to be changed.
    """

    path: KeyPath
    message: str
    at: Literal["key", "value"] = "value"


@dataclass(slots=True)
class Document:
    """The values of a lesson file; ``faults`` are those of the file itself, such as a key that is there twice."""

    file: Path
    values: object = UNUSABLE
    faults: list[Fault] = field(default_factory=list)
    _keys: dict[KeyPath, Mark] = field(default_factory=dict)
    _values: dict[KeyPath, Mark] = field(default_factory=dict)
    _unusable: set[KeyPath] = field(default_factory=set)

    def has(self, path: KeyPath) -> bool:
        """Whether something is written there."""
        return path in self._values

    def locate(self, problem: Problem) -> Fault | None:
        """The fault of a problem, at the nearest place that the file has; None where a fault was reported already."""
        path = problem.path
        if any(path[:length] in self._unusable for length in range(len(path) + 1)):
            return None
        named = path
        while path and path not in self._values:
            path = path[:-1]
        if path != named and problem.at == "value":
            named = path
        places = self._keys if problem.at == "key" else self._values
        mark = places.get(path) or self._values.get(path) or Mark(1, 1)
        return Fault(self.file, mark.line, mark.column, spelled(named), problem.message)

    def refuse(self, path: KeyPath, mark: Mark, message: str) -> None:
        """Note a fault at a known place."""
        self.faults.append(Fault(self.file, mark.line, mark.column, spelled(path), message))


def spelled(path: KeyPath) -> str:
    """A path as a person reads it: ``scenes.both.show[1]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (printable(step) or "''")
    return text


def read_document(text: str, file: Path, environment: Mapping[str, str]) -> Document:
    """Read the text of a lesson file; never raises, for any text."""
    document = Document(file)
    try:
        root = nodes.compose(text, MAXIMUM_DEPTH)
    except nodes.NotYaml as error:
        document.refuse((), error.mark, error.sentence)
        return document
    if root is None:
        document.refuse(
            (), Mark(1, 1), Wording("fault.empty_file", "the file is empty; a lesson needs sources and scenes")()
        )
        return document
    try:
        document.values = _Reader(document, environment).read(root, ())
    except _TooBig as error:
        document.values = UNUSABLE
        document.refuse((), error.mark, error.sentence)
    return document


class _TooBig(Exception):
    def __init__(self, mark: Mark, sentence: str) -> None:
        super().__init__(sentence)
        self.mark = mark
        self.sentence = sentence


class _Reader:
    """Turns nodes into values and remembers where they were."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self._document = document
        self._environment = environment
        self._count = 0

    def read(self, node: Node, path: KeyPath) -> object:
        self._count += 1
        if self._count > MAXIMUM_VALUES:
            raise _TooBig(
                node.mark,
                Wording("fault.too_many_values", "holds more than {most} values, counting repeated aliases")(
                    most=MAXIMUM_VALUES
                ),
            )
        if len(path) > MAXIMUM_DEPTH:
            raise _TooBig(
                node.mark, Wording("fault.too_deep", "is nested more than {most} levels deep")(most=MAXIMUM_DEPTH)
            )
        self._document._values[path] = node.mark
        match node:
            case nodes.Text():
                return self._text(node, path)
            case nodes.Items():
                return [self.read(item, (*path, number)) for number, item in enumerate(node.items)]
            case nodes.Pairs():
                return self._pairs(node, path)

    def _pairs(self, node: nodes.Pairs, path: KeyPath) -> dict[str, object]:
        values: dict[str, object] = {}
        first: dict[str, Mark] = {}
        for key, value in node.pairs:
            if not isinstance(key, nodes.Text):
                self._document.refuse(
                    path,
                    key.mark,
                    Wording("fault.key_is_no_text", "a key must be a word or text, not a list or a group of keys")(),
                )
                continue
            # A key is its spelling: a source may be called 1, on or null.
            inner = (*path, key.text)
            if key.text in values:
                self._document.refuse(
                    inner,
                    key.mark,
                    Wording("fault.written_twice", "is written twice; the first is on line {line}")(
                        line=first[key.text].line
                    ),
                )
                continue
            first[key.text] = key.mark
            self._document._keys[inner] = key.mark
            values[key.text] = self.read(value, inner)
        return values

    def _text(self, node: nodes.Text, path: KeyPath) -> object:
        if "${" in node.text:
            return self._substitute(node, path)
        return resolve(node.text) if node.plain else node.text

    def _substitute(self, node: nodes.Text, path: KeyPath) -> object:
        pieces: list[str] = []
        wrong: list[str] = []
        used = False
        end = 0
        for found in _VARIABLE.finditer(node.text):
            pieces.append(node.text[end : found.start()])
            end = found.end()
            if found.group() == "$${":
                pieces.append("${")
                continue
            used = True
            name = found.group(1)
            if not found.group().endswith("}") or not _VARIABLE_NAME.fullmatch(name):
                wrong.append(_NO_VARIABLE(text=printable(found.group())))
            elif name not in self._environment:
                wrong.append(_NOT_SET(variable=printable(name)))
            else:
                pieces.append(self._environment[name])
        pieces.append(node.text[end:])
        if wrong:
            for sentence in wrong:
                self._document.refuse(path, node.mark, sentence)
            self._document._unusable.add(path)
            return UNUSABLE
        return FromEnvironment("".join(pieces), node.text) if used else "".join(pieces)


def problems_to_faults(document: Document, problems: Iterator[Problem]) -> list[Fault]:
    """The faults of problems, without duplicates."""
    return list(dict.fromkeys(fault for fault in map(document.locate, problems) if fault is not None))
