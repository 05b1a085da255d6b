"""The commands of a teacher, one function each; its docstring is its help, its signature its parameters.

A function gets a ``Caller`` and the parameters of the request, already checked against the signature. It
returns what is added to the reply beside the revision. What it cannot do it raises as CommandError.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from classroom.common.errors import CommandError
from classroom.control import json_rpc as messages
from classroom.control.calls import Call, Calls, Role, Tell
from classroom.control.state import StateBoard
from classroom.lesson.audio_settings import optional_parameters

__all__ = ["COMMANDS", "Caller", "Command", "Desk", "describe"]

Name = Annotated[str, Field(min_length=1, max_length=64)]
StudentNumber = Annotated[str, Field(min_length=1, max_length=16)] | Annotated[int, Field(ge=0, le=10**9)]
"""The key of a student in the state, which is text; a program that took it for a number is understood as well."""

PeerName = Annotated[str, Field(min_length=1, max_length=16)]
Sdp = Annotated[str, Field(min_length=1, max_length=262_144)]


class Desk(Protocol):
    """What a running lesson lets a teacher do. Each method raises CommandError and changes nothing if it cannot."""

    @property
    def board(self) -> StateBoard:
        """The state that all teachers see."""
        ...

    def state(self) -> dict[str, object]:
        """The whole state as of now."""
        ...

    def switch(self, scene: str, transition: Literal["cut", "fade"] | None, duration: float | None) -> None:
        """Put a scene on air; the duration is in seconds."""
        ...

    def prepare(self, scene: str | None) -> None:
        """Choose the scene that comes on air with take."""
        ...

    def take(self) -> None:
        """Put the prepared scene on air."""
        ...

    def next_cue(self) -> None:
        """Go on with the run of show."""
        ...

    def set_audio(self, input_name: str, **changes: Any) -> None:
        """Change settings of an audio input, those of ``AudioSettings`` that are not None."""
        ...

    def go_to_page(self, source: str, page: int | None, step: int | None) -> None:
        """Turn to a page of slides, or some pages further."""
        ...

    def restart_source(self, source: str) -> None:
        """Close a source and open it anew."""
        ...

    def admit_student(self, number: str) -> None:
        """Let in a student who waits."""
        ...

    def remove_student(self, number: str, *, ban: bool) -> None:
        """Send a student away, with ``ban`` for the rest of the lesson."""
        ...

    def welcome_guest(self, source: str) -> Mapping[str, object]:
        """What somebody hears who was invited to send a source, and is told nothing else."""
        ...

    def invite(self, source: str) -> Mapping[str, object]:
        """Invite a device to send a source: where it finds the page, with the key."""
        ...

    def revoke_invitation(self, source: str) -> None:
        """Take an invitation back, and send away whoever came by it."""
        ...

    def begin_call(self, role: Role, source: str | None, sdp: str | None, tell: Tell) -> Call:
        """Begin a WebRTC connection with a teacher's client."""
        ...

    def end(self) -> None:
        """End the lesson for everyone."""
        ...


class Caller(Protocol):
    """The session that asks."""

    @property
    def desk(self) -> Desk:
        """The lesson it is connected to."""
        ...

    @property
    def calls(self) -> Calls:
        """Its WebRTC connections."""
        ...

    def greeting(self) -> Mapping[str, object]:
        """What it hears when it says hello."""
        ...

    def watch(self, *, meters: bool | None, thumbnails: bool | None) -> Mapping[str, object]:
        """Start or stop what only those get who asked; returns what it gets now."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A method of the control protocol."""

    name: str
    help: str
    model: type[BaseModel]
    run: Callable[..., Mapping[str, object]]

    def call(self, caller: Caller, params: Mapping[str, object] | Sequence[object]) -> Mapping[str, object]:
        """Check the parameters against the signature and run; CommandError for anything wrong."""
        named = dict(params) if isinstance(params, Mapping) else self._by_name(params)
        try:
            checked = self.model.model_validate(named)
        except ValidationError as fault:
            raise CommandError(messages.INVALID_PARAMS, _sentence(fault), {"parameters": self.parameters()}) from None
        return self.run(caller, **{name: getattr(checked, name) for name in type(checked).model_fields})

    def parameters(self) -> list[dict[str, object]]:
        """Name, JSON Schema and need of each parameter."""
        schema = self.model.model_json_schema()
        required = schema.get("required", [])
        described = []
        for name, shape in schema.get("properties", {}).items():
            kept = {key: value for key, value in shape.items() if key not in {"title", "default"}}
            described.append({"name": name, "required": name in required, "schema": kept})
        return described

    def _by_name(self, params: Sequence[object]) -> dict[str, object]:
        names = list(self.model.model_fields)
        if len(params) > len(names):
            raise CommandError(messages.INVALID_PARAMS, f"{self.name} takes at most {len(names)} parameters.")
        return dict(zip(names, params, strict=False))


COMMANDS: dict[str, Command] = {}


def _command(
    name: str, optional: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., Mapping[str, object]]], Callable[..., Mapping[str, object]]]:
    def register(function: Callable[..., Mapping[str, object]]) -> Callable[..., Mapping[str, object]]:
        hints = get_type_hints(function, include_extras=True)
        fields: dict[str, Any] = {
            parameter.name: (
                hints[parameter.name],
                ... if parameter.default is inspect.Parameter.empty else parameter.default,
            )
            for parameter in list(inspect.signature(function).parameters.values())[1:]
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        } | {key: (kind, None) for key, kind in (optional or {}).items()}
        model = create_model(name, __config__=ConfigDict(extra="forbid", strict=True), **fields)
        COMMANDS[name] = Command(name, inspect.cleandoc(function.__doc__ or ""), model, function)
        return function

    return register


def describe() -> list[dict[str, object]]:
    """All commands with their help and parameters, as ``methods`` answers."""
    return [
        {"name": command.name, "help": command.help, "parameters": command.parameters()}
        for command in COMMANDS.values()
    ]


@_command("hello")
def hello(
    caller: Caller,
    token: Annotated[str, Field(max_length=512)] = "",
    key: Annotated[str, Field(max_length=512)] | None = None,
) -> Mapping[str, object]:
    """Say hello with the teacher's token; the first request of a connection. Answers with the whole state.

    With the `key` of an invitation instead, the connection may send that one source and learns nothing else.
    """
    return caller.greeting()


@_command("methods")
def methods(caller: Caller) -> Mapping[str, object]:
    """List all methods with their help and parameters."""
    return {"methods": describe()}


@_command("watch")
def watch(caller: Caller, meters: bool | None = None, thumbnails: bool | None = None) -> Mapping[str, object]:
    """Start or stop the notifications `meters` (ten a second) and `thumbnail` (about one a second and source)."""
    return caller.watch(meters=meters, thumbnails=thumbnails)


@_command("program.switch")
def program_switch(
    caller: Caller,
    scene: Name,
    transition: Literal["cut", "fade"] | None = None,
    duration: Annotated[float, Field(ge=0, le=10)] | None = None,
) -> Mapping[str, object]:
    """Put a scene on air, by the lesson's transition unless one is named; the duration is in seconds."""
    caller.desk.switch(scene, transition, duration)
    return {}


@_command("preview.set")
def preview_set(caller: Caller, scene: Name | None) -> Mapping[str, object]:
    """Choose the scene that comes on air with `program.take`; null chooses none."""
    caller.desk.prepare(scene)
    return {}


@_command("program.take")
def program_take(caller: Caller) -> Mapping[str, object]:
    """Put the scene of the preview on air, by its own or the lesson's transition; the old one becomes the preview."""
    caller.desk.take()
    return {}


@_command("cue.next")
def cue_next(caller: Caller) -> Mapping[str, object]:
    """Go on with the run of show: the cues that are due, else the next one. Later ones come by themselves again."""
    caller.desk.next_cue()
    return {}


@_command("audio.set", optional_parameters())
def audio_set(caller: Caller, input: Name, **changes: Any) -> Mapping[str, object]:
    """Change the gain (dB) of an audio input, mute it or open it, or let it be heard later by a `delay` (ms).

    `duck` is how much quieter (dB) it is while somebody speaks into a microphone. The sound of a source is `heard`
    while that is `on-air`, or `always`.
    """
    if all(each is None for each in changes.values()):
        raise CommandError(messages.INVALID_PARAMS, f"Name at least one of {', '.join(changes)}.")
    caller.desk.set_audio(input, **changes)
    return {}


@_command("source.restart")
def source_restart(caller: Caller, source: Name) -> Mapping[str, object]:
    """Close a source and open it anew, as after a camera was plugged in."""
    caller.desk.restart_source(source)
    return {}


@_command("source.invite")
def source_invite(caller: Caller, source: Name) -> Mapping[str, object]:
    """Invite a device, such as a phone, to be a source of kind `browser`: answers with the `path` of its page.

    `address` is the same with https, `code` that as a QR code (a data URL of SVG); null without `server.tls`.
    """
    return caller.desk.invite(source)


@_command("source.uninvite")
def source_uninvite(caller: Caller, source: Name) -> Mapping[str, object]:
    """Take the invitation of a source back: its link is worthless from now on, and who came by it is sent away."""
    caller.desk.revoke_invitation(source)
    return {}


@_command("slides.goto")
def slides_goto(
    caller: Caller,
    source: Name,
    page: Annotated[int, Field(ge=1, le=100_000)] | None = None,
    step: Annotated[int, Field(ge=-100_000, le=100_000)] | None = None,
) -> Mapping[str, object]:
    """Turn slides to a page, counted from 1, or by a step: 1 is the next page, -1 the one before."""
    if (page is None) == (step is None):
        raise CommandError(messages.INVALID_PARAMS, "Name a page or a step, not both.")
    caller.desk.go_to_page(source, page, step)
    return {}


@_command("student.admit")
def student_admit(caller: Caller, id: StudentNumber) -> Mapping[str, object]:
    """Let in a student who waits to be admitted; one who is in already stays so."""
    caller.desk.admit_student(str(id))
    return {}


@_command("student.remove")
def student_remove(caller: Caller, id: StudentNumber, ban: bool = False) -> Mapping[str, object]:
    """Send a student away, or refuse one who waits; with `ban` for the rest of the lesson."""
    caller.desk.remove_student(str(id), ban=ban)
    return {}


@_command("peer.offer")
def peer_offer(caller: Caller, role: Role, source: Name | None = None, sdp: Sdp | None = None) -> Mapping[str, object]:
    """Begin a WebRTC connection: `monitor` watches the program, `publish` is the source that is named.

    Answers with its name. What the broadcaster says about it, its offer first, comes as the notification `peer`.
    """
    return {"peer": caller.calls.begin(role, source, sdp)}


@_command("peer.answer")
def peer_answer(caller: Caller, peer: PeerName, sdp: Sdp) -> Mapping[str, object]:
    """Accept the broadcaster's offer."""
    caller.calls.take(peer, {"type": "answer", "sdp": sdp})
    return {}


@_command("peer.candidate")
def peer_candidate(
    caller: Caller,
    peer: PeerName,
    candidate: Annotated[str, Field(max_length=1024)],
    sdpMid: Annotated[str, Field(max_length=64)] | None = None,
    sdpMLineIndex: Annotated[int, Field(ge=0, le=64)] | None = None,
) -> Mapping[str, object]:
    """Name one way to reach the client (RFC 8839); an empty one means that there are no more."""
    caller.calls.take(peer, {"candidate": candidate, "sdpMid": sdpMid, "sdpMLineIndex": sdpMLineIndex})
    return {}


@_command("peer.key_frame")
def peer_key_frame(caller: Caller, peer: PeerName) -> Mapping[str, object]:
    """Ask for a whole picture, because none can be shown; answered at most once a second for all."""
    caller.calls.take(peer, {"type": "key-frame"})
    return {}


@_command("peer.close")
def peer_close(caller: Caller, peer: PeerName) -> Mapping[str, object]:
    """End a connection that `peer.offer` began; the end of the websocket ends it as well."""
    caller.calls.end(peer)
    return {}


@_command("lesson.end")
def lesson_end(caller: Caller) -> Mapping[str, object]:
    """End the lesson: students are told, everything stops."""
    caller.desk.end()
    return {}


def _sentence(fault: ValidationError) -> str:
    parts = []
    for each in fault.errors(include_url=False):
        name = ".".join(str(step) for step in each["loc"][:1])
        match each["type"]:
            case "missing":
                parts.append(f"'{name}' is missing")
            case "extra_forbidden":
                parts.append(f"'{name}' is not a parameter of this method")
            case _:
                parts.append(f"'{name}': {each['msg'][:1].lower()}{each['msg'][1:]}")
    return "; ".join(dict.fromkeys(parts)) + "."
