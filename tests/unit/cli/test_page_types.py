"""What the pages are checked against is what the program says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NotRequired, TypedDict, get_args, is_typeddict

import pytest

from classroom.broadcaster import COMMANDS, SECTIONS
from classroom.cli.page_types import TypeDeclarations, page_types
from classroom.common.paths import web_folder
from classroom.webrtc.messages import FromPage, ToPage, ToTeacher


class Base(TypedDict):
    """What others take fields from."""

    length: float
    """Seconds."""


class Entry(Base):
    """An entry.

    It has ``two`` paragraphs.
    """

    names: list[str | None]
    place: NotRequired[tuple[int, int]]
    of: dict[str, Literal["a", True]]


Odd = TypedDict("Odd", {"from": str})
"""A class whose field is no name in Python."""


@dataclass(frozen=True)
class Said:
    """A message."""

    type: Literal["said"] = field(default="said", init=False)
    width: int = field(metadata={"key": "pixelWidth"})
    why: str | None = None


@dataclass(frozen=True)
class Nameless:
    """A message without a type."""

    odd: Odd | None


def test_the_committed_types_are_fresh() -> None:
    assert (web_folder() / "lib" / "protocol.d.ts").read_text(encoding="utf-8") == page_types(), "run `make schema`"


def test_every_section_and_message_is_declared() -> None:
    declared = page_types()
    assert [name for name in SECTIONS if f"\n  {name}: " not in declared] == []
    messages = {each.__name__ for union in (FromPage, ToPage, ToTeacher) for each in union.__args__}
    assert len(messages) > 15
    assert [name for name in messages if f"export interface {name} {{" not in declared] == []


def test_the_reply_to_every_command_is_declared() -> None:
    declared = page_types()
    assert [name for name in COMMANDS if f"\n  '{name}': CommandReply" not in declared] == []
    undeclared = [
        name
        for name, command in COMMANDS.items()
        if not all(each is type(None) or is_typeddict(each) for each in get_args(command.reply) or (command.reply,))
    ]
    assert undeclared == []
    assert "\n  'source.invite': CommandReply & InvitationLink;\n" in declared
    assert "\n  'hello': CommandReply & (TeacherWelcome | GuestWelcome);\n" in declared
    assert "\nexport interface TeacherWelcome {\n  state: State;\n}\n" in declared


def test_a_dictionary_has_the_fields_of_its_bases_and_what_is_said_of_them() -> None:
    made = TypeDeclarations()
    assert made.name_of(dict[str, Entry]) == "Record<string, Entry>"
    assert made.declarations() == [
        "/**\n * An entry.\n *\n * It has `two` paragraphs.\n */\n"
        "export interface Entry {\n"
        "  /** Seconds. */\n  length: number;\n"
        "  names: (string | null)[];\n"
        "  place?: [number, number];\n"
        "  of: Record<string, 'a' | true>;\n"
        "}\n"
    ]


def test_a_message_has_the_names_of_the_wire_and_may_leave_out_what_has_a_default() -> None:
    made = TypeDeclarations()
    assert (made.name_of(Said), made.name_of(Nameless)) == ("Said", "Nameless")
    assert made.declarations() == [
        "/** A message without a type. */\nexport interface Nameless {\n  type?: undefined;\n  odd: Odd | null;\n}\n",
        "/** A class whose field is no name in Python. */\nexport interface Odd {\n  from: string;\n}\n",
        "/** A message. */\nexport interface Said {\n  type: 'said';\n  pixelWidth: number;\n  why?: string;\n}\n",
    ]


@pytest.mark.parametrize("hint", [bytes, set[str], complex])
def test_what_json_cannot_carry_is_refused(hint: object) -> None:
    with pytest.raises(TypeError):
        TypeDeclarations().name_of(hint)
