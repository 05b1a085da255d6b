"""JSON-RPC 2.0 in text frames: what a client may send and what it gets back.

Source: https://www.jsonrpc.org/specification. The functions are pure: text in, values out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from classroom.common.errors import CommandError
from classroom.common.sentences import Sentence, Wording, reason_of

__all__ = [
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "PARSE_ERROR",
    "SUBPROTOCOL",
    "Request",
    "error",
    "notification",
    "parse",
    "result",
]

SUBPROTOCOL: Final = "classroom.control.v1"

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602

_NO_TEXT = Wording("request.no_text", "Send text frames.")
_NOT_JSON = Wording("request.not_json", "This is not JSON.")
_BATCH = Wording("request.batch", "Send one request a frame; batches are not taken.")
_NO_OBJECT = Wording("request.no_object", "A request is a JSON object.")
_BAD_ID = Wording("request.bad_id", "The id is text or a number.")
_NO_VERSION = Wording("request.no_version", 'A request says "jsonrpc": "2.0".')
_NO_METHOD = Wording("request.no_method", "A request names its method.")
_BAD_PARAMS = Wording("request.bad_params", "The params are an object or a list.")

Id = str | int | float | None


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``params`` are by name or by position. ``wants_reply`` is False for a JSON-RPC notification."""

    method: str
    params: Mapping[str, object] | Sequence[object] = field(default_factory=dict)
    id: Id = None
    wants_reply: bool = True


def parse(frame: str | bytes) -> Request:
    """Read one request. A CommandError has the code and, in ``data["id"]``, the id for the answer."""
    if isinstance(frame, bytes):
        raise CommandError(PARSE_ERROR, _NO_TEXT())
    try:
        value = json.loads(frame, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        raise CommandError(PARSE_ERROR, _NOT_JSON()) from fault
    if isinstance(value, list):
        raise CommandError(INVALID_REQUEST, _BATCH())
    if not isinstance(value, dict):
        raise CommandError(INVALID_REQUEST, _NO_OBJECT())
    identity = value.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int | float | None):
        raise CommandError(INVALID_REQUEST, _BAD_ID())
    if isinstance(identity, float) and not math.isfinite(identity):
        raise CommandError(INVALID_REQUEST, _BAD_ID())
    known = {"id": identity}
    if value.get("jsonrpc") != "2.0":
        raise CommandError(INVALID_REQUEST, _NO_VERSION(), known)
    method = value.get("method")
    if not isinstance(method, str):
        raise CommandError(INVALID_REQUEST, _NO_METHOD(), known)
    params = value.get("params", {})
    if not isinstance(params, dict | list):
        raise CommandError(INVALID_REQUEST, _BAD_PARAMS(), known)
    return Request(method, params, identity, "id" in value)


def result(identity: Id, value: object) -> str:
    """A reply to a call that succeeded."""
    return _text({"jsonrpc": "2.0", "id": identity, "result": value})


def error(identity: Id, code: int, message: Sentence, data: Mapping[str, object] | None = None) -> str:
    """A reply that says what is wrong, in English and as what that is made of. Nothing has changed."""
    fault = {"code": code, "message": message, "data": {**(data or {}), "reason": reason_of(message)}}
    return _text({"jsonrpc": "2.0", "id": identity, "error": fault})


def notification(method: str, params: Mapping[str, object]) -> str:
    """A notification for a client: state, meters or thumbnail."""
    return _text({"jsonrpc": "2.0", "method": method, "params": dict(params)})


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def token_of(hello: Request) -> object:
    """The token in a hello, whatever it is; by name or as the first parameter."""
    params = hello.params
    return params.get("token") if isinstance(params, Mapping) else next(iter(params), None)


def key_of(hello: Request) -> object:
    """The key of an invitation in a hello, whatever it is."""
    return hello.params.get("key") if isinstance(hello.params, Mapping) else None
