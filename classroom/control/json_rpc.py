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

__all__ = [
    "INTERNAL_ERROR",
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
INTERNAL_ERROR: Final = -32603

Id = str | int | float | None


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``params`` are by name or by position. ``wants_reply`` is False for a JSON-RPC notification."""

    method: str
    params: Mapping[str, object] | Sequence[object] = field(default_factory=dict)
    id: Id = None
    wants_reply: bool = True


def parse(text: str) -> Request:
    """Read one request. A CommandError has the code and, in ``data["id"]``, the id for the answer."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        raise CommandError(PARSE_ERROR, "This is not JSON.") from fault
    if isinstance(value, list):
        raise CommandError(INVALID_REQUEST, "Send one request a frame; batches are not taken.")
    if not isinstance(value, dict):
        raise CommandError(INVALID_REQUEST, "A request is a JSON object.")
    identity = value.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int | float | None):
        raise CommandError(INVALID_REQUEST, "The id is text or a number.")
    if isinstance(identity, float) and not math.isfinite(identity):
        raise CommandError(INVALID_REQUEST, "The id is text or a number.")
    known = {"id": identity}
    if value.get("jsonrpc") != "2.0":
        raise CommandError(INVALID_REQUEST, 'A request says "jsonrpc": "2.0".', known)
    method = value.get("method")
    if not isinstance(method, str):
        raise CommandError(INVALID_REQUEST, "A request names its method.", known)
    params = value.get("params", {})
    if not isinstance(params, dict | list):
        raise CommandError(INVALID_REQUEST, "The params are an object or a list.", known)
    return Request(method, params, identity, "id" in value)


def result(identity: Id, value: object) -> str:
    """A reply to a call that succeeded."""
    return _text({"jsonrpc": "2.0", "id": identity, "result": value})


def error(identity: Id, code: int, message: str, data: Mapping[str, object] | None = None) -> str:
    """A reply that says what is wrong. Nothing has changed."""
    fault: dict[str, object] = {"code": code, "message": message}
    if data:
        fault["data"] = dict(data)
    return _text({"jsonrpc": "2.0", "id": identity, "error": fault})


def notification(method: str, params: Mapping[str, object]) -> str:
    """A notification for a client: state, meters or thumbnail."""
    return _text({"jsonrpc": "2.0", "method": method, "params": dict(params)})


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
