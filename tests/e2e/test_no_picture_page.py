"""What a student is told of a lesson that does not come: whether it is the network, or the teacher's computer."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator

import pytest
from aiortc import RTCPeerConnection
from playwright.async_api import Page, expect

from classroom.webrtc.messages import Welcome
from tests.support.browser import DESKTOP, PHONE, PageFactory
from tests.support.page_server import page_server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LONG = 60_000
"""Milliseconds; the page itself waits for 15 s."""


async def join(open_page: PageFactory, origin: str) -> Page:
    page = await open_page(f"{origin}/")
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    return page


@contextlib.asynccontextmanager
async def unreachable_offer() -> AsyncIterator[str]:
    """An offer from where no packet gets through: an address that is nobody's (RFC 5737)."""
    connection = RTCPeerConnection()
    connection.addTransceiver("video", direction="sendonly")
    try:
        await connection.setLocalDescription(await connection.createOffer())
        sdp = re.sub(r"a=candidate:.*\r\n", "", connection.localDescription.sdp)
        nobody = "a=candidate:1 1 udp 2130706431 203.0.113.7 40000 typ host\r\n"
        sdp = sdp.replace("a=ice-ufrag", f"{nobody}a=ice-ufrag", 1)
        yield json.dumps({"type": "offer", "sdp": sdp})
    finally:
        await connection.close()


async def test_a_network_that_lets_nothing_through_is_named_while_new_connections_are_tried(
    open_page: PageFactory,
) -> None:
    async with page_server() as server, unreachable_offer() as offer:
        await server.member.sign_in("Algebra")
        page = await join(open_page, server.origin)
        headline = page.locator("#notice-headline")
        peer, _ = await server.page_message("hello")
        begin = await page.evaluate("performance.now()")
        await server.say(peer, Welcome(title="Algebra", language=None, ice_servers=[]))
        await server.member.send(peer, offer)
        await server.page_message("answer")
        await expect(headline).to_have_text("Joining…")
        await server.page_message("restart", within=40)
        await server.member.send(peer, offer)
        await expect(headline).to_have_text("Your network blocks the picture", timeout=LONG)
        assert await page.evaluate("performance.now()") - begin >= 14_000
        for width, height in (PHONE, DESKTOP):
            await page.set_viewport_size({"width": width, "height": height})
            await expect(page.locator("#notice-hint")).to_contain_text("This page keeps retrying.")
            await expect(page.locator("#notice-hint")).to_be_in_viewport(ratio=1)
        await server.page_message("restart", within=60)
        await server.member.send(peer, offer)
        await expect(headline).to_have_text("Your network blocks the picture")


async def test_neither_a_late_offer_nor_a_teacher_who_is_not_there_is_laid_to_the_network(
    open_page: PageFactory,
) -> None:
    async with page_server() as server, page_server() as empty:
        waits = await join(open_page, empty.origin)
        await expect(waits.locator("#notice-headline")).to_have_text("Waiting for the teacher")
        await server.member.sign_in("Algebra")
        page = await join(open_page, server.origin)
        peer, _ = await server.page_message("hello")
        await server.say(peer, Welcome(title="Algebra", language=None, ice_servers=[]))
        await expect(page.locator("#notice-hint")).to_contain_text(
            "The teacher's computer is slow to respond", timeout=LONG
        )
        await expect(page.locator("#notice-headline")).to_have_text("Joining…")
        # Who waits for a teacher has waited for as long by now, and is told nothing else.
        await expect(waits.locator("#notice-headline")).to_have_text("Waiting for the teacher")
