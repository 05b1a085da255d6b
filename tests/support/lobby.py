"""A student page in the lobby whose clock a test turns."""

from __future__ import annotations

from playwright.async_api import Page

from classroom.webrtc.messages import Waiting
from tests.support.browser import PageFactory, state_is
from tests.support.page_server import PageServer

__all__ = ["in_lobby"]


async def in_lobby(server: PageServer, open_page: PageFactory) -> tuple[Page, int, list[str]]:
    """A page that waits to be let in, its peer, and the addresses of all waits that it asks for, also later."""
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await page.clock.install()
    await page.reload()
    waits: list[str] = []
    page.on("request", lambda request: waits.append(request.url) if "/wait?" in request.url else None)
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    peer, _ = await server.page_message("hello")
    await server.say(peer, Waiting(title="Algebra", language="en", ticket="t"))
    await state_is(page, "lobby")
    return page, peer, waits
