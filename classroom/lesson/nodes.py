"""YAML text as a small tree of nodes with positions.

Made from PyYAML's events rather than by its composer, because that one recurses as deep as the file does and builds
values by YAML 1.1. Positions count lines and columns (in characters) from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import yaml

from classroom.common.sentences import Wording

__all__ = ["Items", "Mark", "Node", "NotYaml", "Pairs", "Text", "compose", "place_of"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where the wheel has it; the one in Python reads the same."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")

_TAGS = {
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:map": "pairs",
    "tag:yaml.org,2002:seq": "items",
}

_INDENTATION: Final = Wording(
    "yaml.indentation", "a key does not line up with the ones above; check indentation and brackets"
)
_OPEN_LIST: Final = Wording("yaml.open_list", "a list is not closed; a ',' or ']' is missing")
_OPEN_GROUP: Final = Wording("yaml.open_group", "a group of keys is not closed; a ',' or '}' is missing")
_FAULT: Final = Wording("yaml.fault", "is not YAML: {fault}{hint}")
_QUOTE_VARIABLE: Final = Wording(
    "hint.quote_variable", '; inside { } or [ ] an environment variable needs quotes: "${NAME}"'
)

_ESCAPE: Final = Wording(
    "yaml.escape",
    "a '\\' has a special meaning in double quotes; put a path of Windows in single quotes, or write '/' instead",
)
_TAB: Final = Wording("yaml.tab", "a tab cannot stand here; indent with spaces")
_COLON_IN_BRACES: Final = Wording(
    "yaml.colon_in_braces",
    "text with ': ' in it needs quotes, such as \"A: week 3\"; or a ',' or '}' is missing before",
)

_SENTENCES: Final = (
    (
        "mapping values are not allowed",
        Wording(
            "yaml.colon",
            "a ':' cannot stand here; is the indentation right? Text with ': ' in it needs quotes",
        ),
    ),
    (
        "cannot start any token",
        Wording(
            "yaml.first_character",
            "a value cannot start with this character; put text in quotes, and indent with spaces",
        ),
    ),
    ("could not find expected ':'", Wording("yaml.no_colon", "a ':' is missing after this key")),
    ("did not find expected key", _INDENTATION),
    ("expected <block end>", _INDENTATION),
    ("did not find expected ',' or ']'", _OPEN_LIST),
    ("expected ',' or ']'", _OPEN_LIST),
    ("did not find expected ',' or '}'", _OPEN_GROUP),
    ("expected ',' or '}'", _OPEN_GROUP),
    ("unknown escape character", _ESCAPE),
    ("hexdecimal number", _ESCAPE),
    ("hexadecimal", _ESCAPE),
    ("invalid Unicode character escape", _ESCAPE),
    ("tab character", _TAB),
    ("unexpected end of stream", Wording("yaml.open_quote", "a quotation mark is not closed")),
    ("expected node content", Wording("yaml.no_value", "a value is missing here, or a bracket is not closed")),
)
"""What libyaml and PyYAML say, and what to tell a person."""


class Mark(NamedTuple):
    """A place in a file, from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Text:
    """A scalar; ``plain`` when it stands without quotes and may mean a number, a truth value or nothing."""

    mark: Mark
    text: str
    plain: bool


@dataclass(slots=True)
class Items:
    """A list."""

    mark: Mark
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Pairs:
    """A group of keys in the order of the file; a key may be there twice."""

    mark: Mark
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


Node = Text | Items | Pairs


class NotYaml(Exception):
    """The text is not the YAML of one lesson; one place and one sentence."""

    def __init__(self, mark: Mark, sentence: str) -> None:
        super().__init__(sentence)
        self.mark = mark
        self.sentence = sentence


def place_of(text: str, index: int) -> Mark:
    """Line and column of a character, as an editor counts them."""
    ends = [end.end() for end in _LINE_END.finditer(text, 0, index)]
    return Mark(len(ends) + 1, index - (ends[-1] if ends else 0) + 1)


def compose(text: str, maximum_depth: int) -> Node | None:
    """The root of the one document in a text, or None for an empty one; anything else raises NotYaml."""
    text = text.removeprefix("\ufeff")
    if unprintable := _UNPRINTABLE.search(text):
        code = f"U+{ord(unprintable.group()):04X}"
        raise NotYaml(
            place_of(text, unprintable.start()),
            Wording("yaml.character", "contains a character that is not text ({code}); remove it")(code=code),
        )
    try:
        return _Composer(maximum_depth).compose(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = _mark(error.problem_mark or error.context_mark)
        end = place_of(text, len(text.rstrip()))
        if mark >= end or "could not find expected ':'" in (error.problem or ""):
            # A missing bracket or ':' is noticed later than the place where it must be fixed.
            mark = end if error.context_mark is None else _mark(error.context_mark)
        raise NotYaml(mark, _FAULT(fault=_sentence(error, text), hint=_variable_hint(text, mark))) from None
    except yaml.YAMLError as error:
        raise NotYaml(
            Mark(1, 1), Wording("yaml.unknown", "is not YAML: {fault}")(fault=" ".join(str(error).split())[:120])
        ) from None


class _Place(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _mark(mark: _Place | None) -> Mark:
    return Mark(1, 1) if mark is None else Mark(mark.line + 1, mark.column + 1)


def _sentence(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = error.problem or error.context or "cannot be read"
    mark = _mark(error.problem_mark)
    line = _line(text, mark.line)
    if "\t" in line[: mark.column] and not line[: mark.column - 1].strip():
        return _TAB()
    if line[mark.column - 1 :][:2] in (": ", ":") and any(each in problem for each in ("',' or '}'", "',' or ']'")):
        return _COLON_IN_BRACES()
    for pattern, sentence in _SENTENCES:
        if pattern in problem:
            return sentence()
    return problem


def _variable_hint(text: str, mark: Mark) -> str:
    return _QUOTE_VARIABLE() if "${" in _line(text, mark.line)[: mark.column + 1] else ""


def _line(text: str, number: int) -> str:
    """A line of the text, counted from 1; empty behind the last."""
    lines = _LINE_END.split(text)
    return lines[number - 1] if number <= len(lines) else ""


class _Composer:
    """Builds nodes from events, with a stack of its own instead of recursion."""

    def __init__(self, maximum_depth: int) -> None:
        self._maximum_depth = maximum_depth
        self._anchors: dict[str, Node] = {}
        self._open: list[tuple[Items | Pairs, Node | None]] = []
        self._root: Node | None = None
        self._documents = 0

    def compose(self, events: Iterator[yaml.Event]) -> Node | None:
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        raise NotYaml(
                            _mark(event.start_mark),
                            Wording("yaml.second", "a file holds one lesson; a second one starts here ('---')")(),
                        )
                case yaml.ScalarEvent():
                    self._check_tag(event, "text")
                    plain = event.tag is None and event.implicit[0]
                    self._add(event, Text(_mark(event.start_mark), event.value, plain))
                case yaml.SequenceStartEvent():
                    self._check_tag(event, "items")
                    self._begin(event, Items(_mark(event.start_mark)))
                case yaml.MappingStartEvent():
                    self._check_tag(event, "pairs")
                    self._begin(event, Pairs(_mark(event.start_mark)))
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._open.pop()
        empty = isinstance(self._root, Text) and self._root.plain and not self._root.text
        return None if empty else self._root

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, expected: str) -> None:
        """Refuse a tag that asks for anything but what the node is; ``!`` alone asks for no more than that."""
        tag = event.tag
        if tag is not None and tag != "!" and _TAGS.get(tag) != expected:
            shown = tag.replace("tag:yaml.org,2002:", "!!")[:40]
            raise NotYaml(
                _mark(event.start_mark),
                Wording("yaml.tag", "the tag {tag} has no meaning in a lesson; remove it")(tag=ascii(shown)),
            )

    def _begin(self, event: yaml.NodeEvent, node: Items | Pairs) -> None:
        if len(self._open) >= self._maximum_depth:
            raise NotYaml(
                node.mark, Wording("yaml.too_deep", "is nested more than {most} levels deep")(most=self._maximum_depth)
            )
        self._add(event, node)
        self._open.append((node, None))

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        node = self._anchors.get(name)
        mark = _mark(event.start_mark)
        if node is None:
            raise NotYaml(
                mark, Wording("yaml.no_anchor", "there is no anchor '&{name}' before this alias")(name=name[:40])
            )
        if any(node is container for container, _ in self._open):
            raise NotYaml(
                mark,
                Wording("yaml.endless_alias", "the alias '*{name}' stands inside what it repeats")(name=name[:40]),
            )
        self._insert(node)

    def _add(self, event: yaml.NodeEvent, node: Node) -> None:
        if event.anchor:
            self._anchors[event.anchor] = node
        self._insert(node)

    def _insert(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        container, key = self._open[-1]
        if isinstance(container, Items):
            container.items.append(node)
        elif key is None:
            self._open[-1] = (container, node)
        else:
            container.pairs.append((key, node))
            self._open[-1] = (container, None)
