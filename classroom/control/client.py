"""The client's end of the control websocket: it sends one command to a running lesson, for ``classroom remote``."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from classroom.common.errors import AddressError, CommandError
from classroom.common.sentences import Sentence
from classroom.control.json_rpc import SUBPROTOCOL
from classroom.control.written_params import read_params

__all__ = ["call", "control_address"]

_PAGE = re.compile(r"(?:/(?:control|teach|send)?)?\Z")
_NO_LESSON = "No lesson answers at {target}. Is it running, and is the address right?"
_NOT_TRUSTED = (
    "The certificate of {target} is not trusted here. Open the page /trust of the lesson, save the certificate of its "
    "authority, and name that file with --authority."
)
_NO_AUTHORITY = "{file} is not the certificate of an authority. Save it from the page /trust of the lesson."
_PATIENCE = 20.0
"""Seconds for connecting and for each reply. The lesson answers slowly to a wrong token."""


async def call(
    address: str, token: str, method: str, params: Mapping[str, str], *, authority: Path | None = None
) -> Any:
    """Say hello, call one method with parameters as they are typed, and return its result.

    ``authority`` is a file with the certificate of an authority that is trusted beside those of the system.

    It raises AddressError when nobody answers there, and CommandError when the lesson answers with an error.
    """
    target = control_address(address)
    trust = _trust(authority) if target.startswith("wss:") else None
    try:
        async with (
            asyncio.timeout(2 * _PATIENCE),
            connect(
                target,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                open_timeout=_PATIENCE,
                max_size=None,
                proxy=None,
                ssl=trust,
            ) as connection,
        ):
            greeting = await _ask(connection, 1, "hello", {"token": token})
            if method == "hello":
                return greeting
            methods = (await _ask(connection, 2, "methods", {}))["methods"] if params else []
            return await _ask(connection, 3, method, read_params(params, method, methods))
    except ConnectionClosed as fault:
        raise AddressError(_closed(fault, target)) from fault
    except ssl.SSLCertVerificationError as fault:
        raise AddressError(_NOT_TRUSTED.format(target=target)) from fault
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ValueError, KeyError) as fault:
        raise AddressError(_NO_LESSON.format(target=target)) from fault


def _trust(authority: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(cafile=authority)
        except (OSError, ValueError) as fault:
            raise AddressError(_NO_AUTHORITY.format(file=authority)) from fault
    return context


def _closed(fault: ConnectionClosed, target: str) -> str:
    """Why the lesson ended the connection. If it refused, it runs, and the message has its own reason."""
    said = fault.rcvd
    if said is not None and said.code == CloseCode.TRY_AGAIN_LATER:
        return f"The lesson at {target} takes no more control connections now ({said.reason}). Try again in a moment."
    return _NO_LESSON.format(target=target)


async def _ask(connection: ClientConnection, identity: int, method: str, params: Mapping[str, object]) -> Any:
    await connection.send(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": dict(params)}))
    async for frame in connection:
        reply = json.loads(frame)
        if reply.get("id") != identity:
            continue
        if "error" in reply:
            fault = reply["error"]
            raise CommandError(fault["code"], _said(fault), fault.get("data"))
        return reply["result"]
    raise ConnectionClosed(None, None)


def _said(fault: Mapping[str, Any]) -> Sentence:
    """What the lesson says about a command, with its code where it gives one."""
    reason = (fault.get("data") or {}).get("reason") or {}
    return Sentence(fault["message"], reason.get("code", ""), reason.get("params", {}))


def control_address(address: str) -> str:
    """The websocket address of a lesson, from ``host:port`` or from any of its http or ws addresses.

    The path under which a proxy shows the lesson stays in it. The name of a page at the end is left out.
    """
    parts = urlsplit(address if "://" in address else f"http://{address}")
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise AddressError(f"'{address}' is not an address; write it like http://192.168.1.20:8888.")
    path = _PAGE.sub("", parts.path)
    return urlunsplit((scheme, parts.netloc, f"{path}/control", "", ""))
