"""Signaling as the native client speaks it, directly on the socket: nothing in between adds time of its own."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final

__all__ = ["SignalingReply", "ask", "get", "post"]

_PRAGMA: Final = re.compile(rb"\r\nPragma: (\d+)\r\n")


@dataclass(frozen=True, slots=True)
class SignalingReply:
    """An answer. ``peer`` is the number in its Pragma header, or 0 without one."""

    status: int
    peer: int
    body: bytes


def get(target: str) -> bytes:
    """A request."""
    return f"GET {target} HTTP/1.0\r\n\r\n".encode()


def post(own: int, to: int, body: bytes) -> bytes:
    """A message from one member to another."""
    head = f"POST /message?peer_id={own}&to={to} HTTP/1.0\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Content-Type: text/plain\r\n\r\n" + body


async def ask(host: str, port: int, request: bytes) -> SignalingReply:
    """Send a request on a connection of its own and read the answer. It raises OSError and EOFError."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        data = await reader.read()
    finally:
        writer.close()
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        raise EOFError("the connection ended without an answer")
    pragma = _PRAGMA.search(head + b"\r\n")
    return SignalingReply(int(head.split(b" ", 2)[1]), int(pragma[1]) if pragma else 0, body)
