"""``/join.svg``: the students' address as a QR code, for the teacher page to show to the class."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

import segno
from aiohttp import web

from classroom.server.policy import SECURITY

__all__ = ["JOIN_PATH", "add_join_code", "qr_code"]

JOIN_PATH: Final = "/join.svg"


def add_join_code(app: web.Application, *, address: Callable[[], str]) -> None:
    """Serve the picture from an application; ``address`` returns the best one for students."""

    async def join(request: web.Request) -> web.StreamResponse:
        headers = {**SECURITY, "Cache-Control": "no-store", "Content-Type": "image/svg+xml"}
        return web.Response(body=qr_code(address()), headers=headers)

    app.router.add_get(JOIN_PATH, join)


def qr_code(address: str) -> bytes:
    """An address as a picture that scales, dark on light with the quiet zone that cameras look for."""
    picture = io.BytesIO()
    # M: glare of a projector, or a head in front of it, may cover a part of it.
    segno.make(address, error="m", micro=False).save(
        picture, kind="svg", border=4, dark="#000", light="#fff", omitsize=True
    )
    return picture.getvalue()
