"""The pages and their files."""

from __future__ import annotations

import html
import logging
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from classroom.common.limited_log import LimitedLog
from classroom.common.paths import web_folder
from classroom.server.base_path import add_base_path
from classroom.server.page_files import PageFile, PageFiles
from classroom.server.policy import SECURITY, page_headers
from classroom.server.port_sharing import CONTROL_PATH
from classroom.server.web_protocol import WebProtocol
from classroom.signaling.backend import ExternalServer

__all__ = ["add_pages"]

logger = logging.getLogger(__name__)

_FOLDERS: Final = ("lib", "loading", "send", "student", "teacher", "style", "locales", "vendor")

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

_MISSING: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<p>{text}</p>
<p><a href="{lesson}">To the lesson · 进入课堂</a></p>
</html>
"""


def add_pages(
    app: web.Application,
    *,
    signaling: ExternalServer | None = None,
    folder: Path | None = None,
    path: str = "/",
) -> None:
    """Serve the pages and their files from an application.

    Args:
        app: the application.
        signaling: where students sign in, when that is not this server.
        folder: where the pages are, when not where they were installed.
        path: under which a proxy shows the lesson.
    """
    add_base_path(app, path)
    pages = _Pages(folder or web_folder(), signaling)
    app.middlewares.append(_helpful_errors(f"{path.rstrip('/')}/"))
    app.router.add_get("/", pages.student)
    app.router.add_get("/teach", pages.teacher)
    app.router.add_get("/send", pages.send)
    app.router.add_get("/assets/{folder}/{name:.+}", pages.asset)
    app.router.add_get(CONTROL_PATH, _control)


class _Pages:
    def __init__(self, folder: Path, signaling: ExternalServer | None) -> None:
        self._files = PageFiles(folder, _FOLDERS)
        self._log = LimitedLog(logger)
        self._signaling = signaling

    async def student(self, request: web.Request) -> web.StreamResponse:
        page = await self._read(self._files.page("student"))
        if self._signaling is None:
            return _served(request, page, SECURITY)
        headers = {**page_headers(self._signaling.server), "Content-Type": _TYPES[".html"]}
        return web.Response(body=_directed(page.content.decode(), self._signaling).encode(), headers=headers)

    async def teacher(self, request: web.Request) -> web.StreamResponse:
        return await self._controlling(request, "teacher")

    async def send(self, request: web.Request) -> web.StreamResponse:
        return await self._controlling(request, "send")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        folder, name = request.match_info["folder"], request.match_info["name"]
        return _served(request, await self._read(self._files.asset(folder, name)), SECURITY)

    async def _controlling(self, request: web.Request, name: str) -> web.StreamResponse:
        """A page that opens the control connection."""
        page = await self._read(self._files.page(name))
        return _served(request, page, page_headers(websockets_at=request.headers.getall("Host", [])))

    async def _read(self, reading: Awaitable[PageFile | None]) -> PageFile:
        try:
            file = await reading
        except OSError as error:
            self._log.warn("a file of the pages cannot be read: %s", error)
            raise web.HTTPServiceUnavailable(
                text="The lesson cannot read its pages just now. Try again in a minute.\n",
                headers={"Retry-After": "10"},
            ) from error
        if file is None:
            raise web.HTTPNotFound
        return file


def _served(request: web.Request, file: PageFile, headers: Mapping[str, str]) -> web.Response:
    """A file, or the status that the browser has it already."""
    kind = _TYPES.get(file.path.suffix.lower(), "application/octet-stream")
    response = web.Response(headers={**headers, "Content-Type": kind})
    response.etag = file.tag
    if any(each.value in (file.tag, "*") for each in request.if_none_match or ()):
        response.set_status(304)
    else:
        response.body = file.content
    return response


def _directed(page: str, signaling: ExternalServer) -> str:
    """The student page with a word about where to sign in; ``web/student/signaling_server.js`` reads it."""
    place = (
        f'<meta name="classroom-signaling" content="{html.escape(signaling.server)}" '
        f'data-broadcaster="{html.escape(signaling.broadcaster)}">'
    )
    return page.replace("</head>", f"  {place}\n  </head>", 1)


async def _control(request: web.Request) -> web.StreamResponse:
    """Hand over a websocket request on a connection already in use; explain the address to a browser that opens it."""
    if isinstance(request.protocol, WebProtocol):
        await request.protocol.upgrade(request)
    response = web.Response(
        status=426,
        text="This address speaks the control protocol over a websocket. Open it with a websocket client.\n",
        headers={**SECURITY, "Upgrade": "websocket"},
    )
    response.force_close()
    return response


def _helpful_errors(lesson: str) -> Middleware:
    """A middleware that turns aiohttp's bare errors into a page that helps a person who mistyped an address.

    ``lesson`` is where the student page is.
    """

    @web.middleware
    async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            text = f"{request.path[:200]} is not a page of this lesson."
            return _page(404, "There is nothing here", text, lesson)
        except web.HTTPMethodNotAllowed as error:
            response = _page(405, "That does not work here", "This address can only be read.", lesson)
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
            return response
        except web.HTTPException as error:
            for name, value in SECURITY.items():
                error.headers.setdefault(name, value)
            error.force_close()
            raise

    return explain


def _page(status: int, title: str, text: str, lesson: str) -> web.Response:
    body = _MISSING.format(title=html.escape(title), text=html.escape(text), lesson=html.escape(lesson))
    response = web.Response(
        status=status, body=body.encode("utf-8", "replace"), headers={**SECURITY, "Content-Type": _TYPES[".html"]}
    )
    response.force_close()  # a client of a missing page has no further requests; CONNECT would stay for long
    return response
