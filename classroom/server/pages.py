"""The pages and their files, and the two reports for whoever watches over the lesson.

Everything a page loads comes from here: the content security policy allows no other host and no inline script, so a
name or a chat line that gets into a page as markup by mistake still runs nothing.
"""

from __future__ import annotations

import asyncio
import hmac
import html
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from classroom.files import web_folder
from classroom.server.client_address import client_of
from classroom.server.doorman import CONTROL_PATH
from classroom.signaling.place import Elsewhere
from classroom.throttle import Throttle

__all__ = ["SECURITY", "add_pages"]

logger = logging.getLogger(__name__)

_FOLDERS: Final = ("lib", "send", "student", "teacher", "style", "locales", "vendor")

_TYPES: Final = {  # Python asks the Windows registry, where .js may be text/plain, which nosniff then refuses
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "connect-src 'self' ws: wss:",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)

SECURITY: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # ask each time, but by ETag: a new version shows at once and costs nothing
}
"""The head of every page: nothing comes from elsewhere, and nothing is guessed."""

_TEACHER_SECURITY: Final = {**SECURITY, "Content-Security-Policy": f"{_POLICY}; frame-ancestors 'none'"}

_MISSING: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<p>{text}</p>
<p><a href="/">To the lesson · 进入课堂</a></p>
</html>
"""


def add_pages(
    app: web.Application,
    *,
    health: Callable[[], Mapping[str, object]],
    metrics: CollectorRegistry,
    metrics_token: str | None = None,
    signaling: Elsewhere | None = None,
    folder: Path | None = None,
) -> None:
    """Serve the pages, their files, ``/healthz`` and ``/metrics`` from an application.

    Args:
        app: the application.
        health: what ``/healthz`` reports; called for each request.
        metrics: what ``/metrics`` reports, to this machine or to who has the token.
        metrics_token: the bearer token for ``/metrics``; None: this machine only.
        signaling: where students sign in, when that is not this server.
        folder: where the pages are, when not where they were installed.
    """
    pages = _Pages(folder or web_folder(), health, metrics, metrics_token, signaling)
    app.middlewares.append(_say_clearly)
    app.router.add_get("/", pages.student)
    app.router.add_get("/teach", pages.teacher)
    app.router.add_get("/send", pages.send)
    app.router.add_get("/assets/{folder}/{name:.+}", pages.asset)
    app.router.add_get("/healthz", pages.healthz)
    app.router.add_get("/metrics", pages.metrics)
    app.router.add_get(CONTROL_PATH, _upgrade_required)


class _Pages:
    def __init__(
        self,
        folder: Path,
        health: Callable[[], Mapping[str, object]],
        registry: CollectorRegistry,
        token: str | None,
        signaling: Elsewhere | None,
    ) -> None:
        self._folder = folder.resolve()
        self._health = health
        self._registry = registry
        self._token = token
        self._throttle = Throttle()
        self._signaling = signaling

    async def student(self, request: web.Request) -> web.StreamResponse:
        path = self._folder / "student" / "index.html"
        if self._signaling is None:
            return self._file(path, SECURITY)
        page = _directed(path.read_text("utf-8"), self._signaling)
        policy = _POLICY.replace("connect-src 'self'", f"connect-src 'self' {self._signaling.server}")
        headers = {**SECURITY, "Content-Security-Policy": policy, "Content-Type": _TYPES[".html"]}
        return web.Response(body=page.encode(), headers=headers)

    async def teacher(self, request: web.Request) -> web.StreamResponse:
        return self._file(self._folder / "teacher" / "index.html", _TEACHER_SECURITY)

    async def send(self, request: web.Request) -> web.StreamResponse:
        return self._file(self._folder / "send" / "index.html", _TEACHER_SECURITY)

    async def asset(self, request: web.Request) -> web.StreamResponse:
        folder, name = request.match_info["folder"], request.match_info["name"]
        if folder not in _FOLDERS or "\\" in name or "\0" in name:
            raise web.HTTPNotFound
        path = (self._folder / folder / name).resolve()
        if not path.is_relative_to(self._folder / folder):
            raise web.HTTPNotFound
        return self._file(path, _TEACHER_SECURITY if folder in ("send", "teacher") else SECURITY)

    async def healthz(self, request: web.Request) -> web.Response:
        return web.json_response(dict(self._health()), headers={"Cache-Control": "no-store"})

    async def metrics(self, request: web.Request) -> web.Response:
        if not (client_of(request).is_this_machine or self._has_token(request)):
            if "Authorization" in request.headers:
                logger.warning("a wrong token for the metrics from %s", request.remote)
                now = asyncio.get_running_loop().time()
                await asyncio.sleep(self._throttle.failed(request.remote or "", now))
            raise web.HTTPForbidden(text="The metrics are for this machine, or with a bearer token.\n")
        return web.Response(
            body=generate_latest(self._registry),
            headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"},
        )

    def _has_token(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return (
            self._token is not None
            and scheme.lower() == "bearer"
            and hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), self._token.encode())
        )

    def _file(self, path: Path, headers: Mapping[str, str]) -> web.StreamResponse:
        if not path.is_file():
            raise web.HTTPNotFound
        kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
        return web.FileResponse(path, headers={**headers, "Content-Type": kind})


def _directed(page: str, signaling: Elsewhere) -> str:
    """The student page with a word about where to sign in; ``web/student/meeting_place.js`` reads it."""
    place = (
        f'<meta name="classroom-signaling" content="{html.escape(signaling.server)}" '
        f'data-broadcaster="{html.escape(signaling.broadcaster)}">'
    )
    return page.replace("</head>", f"  {place}\n  </head>", 1)


async def _upgrade_required(request: web.Request) -> web.StreamResponse:
    """Somebody opened the control address as a page, or asked for a websocket on a connection already in use."""
    response = web.Response(
        status=426,
        text="This address speaks the control protocol over a websocket. Open it with a websocket client.\n",
        headers={"Upgrade": "websocket"},
    )
    response.force_close()
    return response


@web.middleware
async def _say_clearly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn aiohttp's bare errors into a page that helps whoever typed an address wrong."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _page(404, "There is nothing here", f"{request.path[:200]} is not a page of this lesson.")
    except web.HTTPMethodNotAllowed as error:
        response = _page(405, "That does not work here", "This address can only be read.")
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return response


def _page(status: int, title: str, text: str) -> web.Response:
    body = _MISSING.format(title=html.escape(title), text=html.escape(text))
    return web.Response(
        status=status, body=body.encode("utf-8", "replace"), headers={**SECURITY, "Content-Type": _TYPES[".html"]}
    )
