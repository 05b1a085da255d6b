"""The checks before a request is answered: the client, the name it uses for the lesson, the page it comes from.

They run as a middleware before the pages and the signaling, and as a hook of the handshake before control.
"""

from __future__ import annotations

import html
import http
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from classroom.common.limited_log import LimitedLog
from classroom.common.throttle import limit_key
from classroom.server.client_address import Client, Headers, Proxies, keep_client
from classroom.server.host_names import HostNames
from classroom.server.origins import Rule, allows, is_own
from classroom.signaling import wire

__all__ = ["Checkpoint", "ControlRefusal"]

logger = logging.getLogger(__name__)

_UNKNOWN_NAME: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Unknown name · 未知名称</title>
<h1>This lesson does not know the name {host}</h1>
<p>Open the address that your teacher gave you. To use this name, the teacher writes it into the lesson file and starts
the lesson again:</p>
<pre>server: {{address: "{address}"}}</pre>
<h1 lang="zh">本节课不使用 {host} 这个名称</h1>
<p lang="zh">请打开老师公布的网址。如果需要用这个名称访问，老师需要在课堂配置文件中写入上面这一行，
然后重新启动本节课。</p>
</html>
"""

_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_OTHER_PAGE: Final = wire.Refusal(
    "This lesson takes students from its own page only. Open the address that the teacher gave you.", "origin"
)
_READABLE: Final = "Access-Control-Allow-Origin"


@dataclass(frozen=True, slots=True)
class ControlRefusal:
    """Why a control connection is not made."""

    status: http.HTTPStatus
    sentence: str


class Checkpoint:
    """Checks requests against the proxies, names and pages of a lesson.

    Args:
        proxies: the proxies whose headers are believed.
        names: the names that the lesson has; None accepts any name.
        address: the public address, where it is not one of this computer.
        rule: from which pages students may sign in; called for each request.
        per_address: requests at a time that a proxy may ask for one client.
    """

    def __init__(
        self,
        proxies: Proxies | None = None,
        *,
        names: HostNames | None = None,
        address: str | None = None,
        rule: Callable[[], Rule] = lambda: "any",
        per_address: int = 1500,
    ) -> None:
        self.proxies = proxies or Proxies()
        self.address = address
        self._names = names
        self._rule = rule
        self._per_address = per_address
        self._asking: Counter[str] = Counter()
        self._log = LimitedLog(logger)

    def client(self, peer: str, headers: Headers) -> Client:
        """The client of a request with these headers on a connection from ``peer``."""
        client = self.proxies.client(peer, headers)
        if client.proxied and not client.certain:
            self._log.warn("the proxy %s does not say for whom it asks; let it send X-Forwarded-For", peer)
        return client

    def refuse_control(self, client: Client, origins: Sequence[str]) -> ControlRefusal | None:
        """Why a control connection is refused: only our own pages and programs may open one.

        A browser always says which page is asking, a program need not.
        """
        if not self._known(client):
            return ControlRefusal(
                http.HTTPStatus.MISDIRECTED_REQUEST,
                f"This lesson is not known by the name {_short(client.host)}. Write it as server.address into the "
                "lesson file, or use an IP address.\n",
            )
        if not origins or (len(origins) == 1 and is_own(origins[0], client, self.address)):
            return None
        self._log.warn(
            "refused a control connection from a page of %s, which came by the name %s; if it is this lesson's own, "
            "write its address as server.address into the lesson file",
            _short(", ".join(origins)),
            _short(client.host),
        )
        return ControlRefusal(
            http.HTTPStatus.FORBIDDEN,
            "Only this lesson's own teacher page may control it. Open it at its own address.\n",
        )

    @property
    def middleware(self) -> Middleware:
        """The middleware; it must be the first of the application."""

        @web.middleware
        async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
            client = self.client(request.remote or "", lambda name: request.headers.getall(name, []))
            if not self._known(client):
                self._log.warn("refused %s, which asks for the name %s", client.address, _short(client.host))
                return _misdirected(f"{request.scheme}://{_short(client.host)}")
            request = keep_client(request, client)
            if request.path not in wire.PATHS:
                return await self._counted(client, request, handler)
            rule, origins = self._rule(), list(request.headers.getall("Origin", []))
            allowed = allows(rule, origins, client, self.address)
            if request.path == wire.SIGN_IN and not allowed:
                self._log.warn("refused a page of %s; access.origins says whose may sign in", _short(origins[0]))
                return _refused_origin()
            response = await self._counted(client, request, handler)
            if rule != "any":
                _let_read(response, origins[0] if origins and allowed else None)
            return response

        return look

    def _known(self, client: Client) -> bool:
        """Whether the request uses a name of the lesson; a trusted proxy checks the names itself."""
        return self._names is None or client.proxied or self._names.knows(client.host)

    async def _counted(self, client: Client, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request; a client behind a proxy has the same limit of requests at a time as one without."""
        if not (client.proxied and client.certain):
            return await handler(request)
        who = limit_key(client.address)
        if self._asking[who] >= self._per_address:
            self._log.warn("more than %d requests from %s: one is turned away", self._per_address, client.address)
            reply = wire.Reply(503, "Too Many Connections", body=b"There are too many connections. Try again later.\n")
            return _response(reply)
        self._asking[who] += 1
        try:
            return await handler(request)
        finally:
            self._asking[who] -= 1
            if not self._asking[who]:
                del self._asking[who]


def _let_read(response: web.StreamResponse, origin: str | None) -> None:
    """Let pages of this origin read an answer of the signaling, and no others; the original lets all."""
    response.headers["Vary"] = "Origin"
    if origin is not None:
        response.headers[_READABLE] = origin
    elif _READABLE in response.headers:
        del response.headers[_READABLE]


def _refused_origin() -> web.Response:
    response = _response(wire.refused(_OTHER_PAGE))
    _let_read(response, None)
    return response


def _response(reply: wire.Reply) -> web.Response:
    response = web.Response(status=reply.status, reason=reply.reason, headers=reply.headers(), body=reply.body)
    response.force_close()
    return response


def _misdirected(address: str) -> web.Response:
    shown = html.escape(address)
    text = _UNKNOWN_NAME.format(host=shown.partition("://")[2], address=shown)
    response = web.Response(status=421, body=text.encode("utf-8", "replace"), headers=_HEADERS)
    response.force_close()
    return response


def _short(text: str | None) -> str:
    """What a client sent, in one printable line."""
    return "".join(each if each.isprintable() else "?" for each in (text or "")[:200])
