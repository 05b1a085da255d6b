"""The errors of classroom, one branch for each audience.

::

    ClassroomError
    ├── LessonError     the author of a lesson file: where the fault is and what to write instead
    ├── CommandError    the teacher: a command that cannot be carried out, as a JSON-RPC error
    ├── DeviceError     the operator: what to plug in, allow or install
    ├── AddressError    the operator: a port or an address that cannot be bound or reached
    ├── SetupError      the operator: a program or package that a command needs is missing
    └── WireError       a peer broke the protocol: logged, never fatal

Every message is a sentence that says what to do. ``exit_code`` is what the command line ends with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from classroom.common.sentences import Sentence, Wording

__all__ = [
    "AddressError",
    "ClassroomError",
    "CommandError",
    "DeviceError",
    "Fault",
    "LessonError",
    "SetupError",
    "WireError",
]


Named = Literal["scene", "source", "input", "slides", "student", "peer", "message"]
"""What a command may name."""

_NO_SUCH: Final[Mapping[Named, Wording]] = {
    "scene": Wording("unknown.scene", "There is no scene '{name}'."),
    "source": Wording("unknown.source", "There is no source '{name}'."),
    "input": Wording("unknown.input", "There is no input '{name}'."),
    "slides": Wording("unknown.slides", "There are no slides '{name}'."),
    "student": Wording("unknown.student", "There is no student '{name}'."),
    "peer": Wording("unknown.peer", "There is no peer '{name}'."),
    "message": Wording("unknown.message", "There is no message '{name}' in the chat."),
}


class ClassroomError(Exception):
    """Base of every error that a person is meant to read."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a lesson file; line and column count from 1, and are 0 where the whole file is meant."""

    file: Path
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        key = f" {self.key}:" if self.key else ""
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}:{key} {self.message}"


class LessonError(ClassroomError):
    """A lesson file that cannot be used, with all its faults at once."""

    exit_code = 2

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class CommandError(ClassroomError):
    """A teacher's command that changes nothing; becomes a JSON-RPC error object.

    ``message`` is a ``Sentence``, so that a page can say it in another language.
    """

    WRONG_TOKEN = -32001
    UNKNOWN_NAME = -32002
    NOT_POSSIBLE = -32003

    def __init__(self, code: int, message: Sentence, data: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = dict(data or {})

    @classmethod
    def unknown(cls, kind: Named, name: str, known: Sequence[str]) -> CommandError:
        """There is nothing of that kind and name."""
        return cls(cls.UNKNOWN_NAME, _NO_SUCH[kind](name=name), {"known": sorted(known)})

    @classmethod
    def not_possible(cls, why: Sentence) -> CommandError:
        """The command is right but cannot be carried out now."""
        return cls(cls.NOT_POSSIBLE, why, {"why": str(why)})


class DeviceError(ClassroomError):
    """A camera, microphone, screen or file that cannot be used, and what to do about it.

    ``sentence`` is its message as it was given, a ``Sentence`` where it comes from a ``Wording``.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class AddressError(ClassroomError):
    """An address that cannot be bound or reached."""

    exit_code = 3


class SetupError(ClassroomError):
    """A program or a package that this command needs is not installed."""


class WireError(ClassroomError):
    """A peer sent something that its protocol does not allow."""
