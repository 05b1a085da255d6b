"""One request to a signaling server, as the native client makes it: HTTP/1.0 on a connection of its own.

No HTTP library, because Chromium's server needs exact bytes: it finds ``Content-Length:`` and
``Content-Type:`` by case, delivers a body again that anything follows, and never closes a connection itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from classroom.common.errors import AddressError, WireError
from classroom.signaling.keep_alive import keep_alive

__all__ = ["NoReply", "ServerAddress", "ServerReply", "Unreachable", "ask", "reach"]

_CONNECT_WITHIN: Final = 10.0
_REPLY_WITHIN: Final = 10.0
_HEAD_LIMIT: Final = 16 * 1024
_BODY_LIMIT: Final = 1024 * 1024
"""Bytes of a reply that are taken; the list of a thousand members is half of it."""

_HOST: Final = re.compile(r"[\w.-]+|[0-9a-f:.]+")
_STATUS: Final = re.compile(rb"HTTP/\d\.\d[ \t]+(\d{3})\b")
_FIELD: Final = re.compile(rb"\r\n([A-Za-z-]+):[ \t]*([^\r\n]*)")


class NoReply(WireError):
    """The connection ended, or took too long, before the reply was complete."""


class Unreachable(NoReply):
    """No connection came about, so nothing was sent."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a signaling server is; the text is as people write it, without a slash at its end."""

    host: str
    port: int
    tls: bool
    text: str

    @classmethod
    def parse(cls, text: str) -> ServerAddress:
        """Read ``http://host:port`` or ``https://host:port``; ValueError for anything else."""
        parts = urlsplit(text.strip())
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or parts.username is not None:
            raise ValueError(f"'{text}' is not an address such as http://host:8888")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"'{text}' is not an address such as http://host:8888")
        tls, usual = parts.scheme == "https", 443 if parts.scheme == "https" else 80
        port = usual if parts.port is None else parts.port
        plain = f"[{host}]" if ":" in host else host
        return cls(host, port, tls, f"{parts.scheme}://{plain}" + (f":{port}" if port != usual else ""))


@dataclass(frozen=True, slots=True)
class ServerReply:
    """What a server answered; ``pragma`` is None where the header is missing or no id."""

    status: int
    pragma: int | None
    body: bytes


async def ask(
    server: ServerAddress,
    target: str,
    *,
    body: bytes | None = None,
    content_type: str = "text/plain",
    reply_within: float | None = _REPLY_WITHIN,
) -> ServerReply:
    """Send one request, a POST where there is a body, and read the reply.

    ``reply_within`` is in seconds; None waits for as long as the connection lives. Raises Unreachable, NoReply, and
    WireError for a reply that is none.
    """
    reader, writer = await _connect(server)
    try:
        writer.write(_request(server, target, body, content_type))
        async with asyncio.timeout(reply_within):
            return await _read(reader)
    except asyncio.IncompleteReadError as cut:
        raise NoReply("the connection ended before the reply") from cut
    except asyncio.LimitOverrunError as fault:
        raise WireError("the head of its reply does not end") from fault
    except OSError as fault:
        raise NoReply(_why(fault)) from fault
    finally:
        writer.close()
        # A fault of a connection that is over does not matter any more.
        with contextlib.suppress(OSError):
            await asyncio.wait_for(writer.wait_closed(), 1.0)


async def reach(server: ServerAddress) -> None:
    """Check that a server answers; AddressError if not."""
    try:
        await ask(server, "/")
    except WireError as fault:
        raise AddressError(f"The signaling server {server.text} cannot be reached: {fault}.") from fault


@functools.cache
def _secure() -> ssl.SSLContext:
    """The system's authorities, read once."""
    return ssl.create_default_context()


async def _connect(server: ServerAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    secure = _secure() if server.tls else None
    try:
        async with asyncio.timeout(_CONNECT_WITHIN):
            reader, writer = await asyncio.open_connection(server.host, server.port, ssl=secure, limit=_HEAD_LIMIT)
    except (OSError, UnicodeError) as fault:
        raise Unreachable(_why(fault)) from fault
    keep_alive(writer.transport)
    return reader, writer


def _request(server: ServerAddress, target: str, body: bytes | None, content_type: str) -> bytes:
    """The whole request; ``Host`` is for proxies in between, the original does not look at it."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    head = f"{'GET' if body is None else 'POST'} {target} HTTP/1.0\r\nHost: {host}:{server.port}\r\n"
    if body is not None:
        head += f"Content-Length: {len(body)}\r\nContent-Type: {content_type}\r\n"
    return head.encode("ascii", "replace") + b"\r\n" + (body or b"")


async def _read(reader: asyncio.StreamReader) -> ServerReply:
    head = await reader.readuntil(b"\r\n\r\n")
    status = _STATUS.match(head)
    if status is None:
        raise WireError("it does not answer in HTTP")
    fields = {name.lower(): value.strip() for name, value in _FIELD.findall(head)}
    if fields.get(b"transfer-encoding", b"identity").lower() != b"identity":
        raise WireError("its reply is encoded, although HTTP/1.0 was asked for")
    return ServerReply(int(status[1]), _number(fields.get(b"pragma")), await _body(reader, fields))


async def _body(reader: asyncio.StreamReader, fields: dict[bytes, bytes]) -> bytes:
    """The body as far as Content-Length says; the rest of the connection where it says nothing."""
    length = _number(fields.get(b"content-length"))
    if length is not None and length <= _BODY_LIMIT:
        return await reader.readexactly(length)
    body = b""
    while length is None and len(body) <= _BODY_LIMIT:
        chunk = await reader.read(65_536)
        if not chunk:
            return body
        body += chunk
    raise WireError("its reply is too large")


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() and len(text) <= 10 else None


def _why(fault: OSError | UnicodeError) -> str:
    match fault:
        case TimeoutError():
            return "it does not answer"
        case socket.gaierror() | UnicodeError():
            return "there is no host of that name"
        case ConnectionRefusedError():
            return "nothing listens there"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({fault.verify_message})"
        case ssl.SSLError():
            return "it does not speak https as it should"
        case _:
            return fault.strerror or type(fault).__name__
