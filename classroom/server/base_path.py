"""The path under which a proxy shows the lesson (``server.path``), taken away before anything looks at a request.

Some proxies strip it and some pass it on, and old clients know the signaling at the root only. So each address answers
under the path and at the root alike, and nothing behind this knows about the path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

__all__ = ["add_base_path", "without_base_path"]

_ROOT: Final = "/"


def without_base_path(server: web.Server, path: str) -> None:
    """Have an aiohttp server understand requests under a path as those for the root; ``/`` changes nothing."""
    if path == _ROOT:
        return
    make: Callable[..., web.BaseRequest] = server.request_factory
    prefix = f"{path}/"

    def make_without(message: Any, *rest: Any) -> web.BaseRequest:
        if message.path.startswith(prefix):
            url = message.url.with_path(message.url.raw_path[len(path) :], encoded=True, keep_query=True)
            message = message._replace(path=message.path[len(path) :], url=url)
        return make(message, *rest)

    server.request_factory = make_without


def add_base_path(app: web.Application, path: str) -> None:
    """Redirect the path without a slash at its end to the student page."""
    if path == _ROOT:
        return

    async def lead(request: web.Request) -> web.StreamResponse:
        # Relative, because a proxy may have put more in front; temporary, because browsers cache permanent redirects.
        raise web.HTTPFound(f"{path.rpartition('/')[2]}/")

    app.router.add_get(path, lead)
