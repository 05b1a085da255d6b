"""Raising a hand on the student page, and the queue on the teacher page, in both languages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.support.browser import PHONE, PageFactory
from tests.support.entries import class_news, student_entry
from tests.support.page_server import PageServer, page_server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        await running.member.sign_in("Algebra")
        yield running


async def test_a_hand_is_raised_and_its_place_is_told(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin, size=PHONE)
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    peer, _ = await server.page_message("hello")
    button = page.locator("#hand")
    await expect(button).to_be_hidden()
    await server.say(peer, class_news({"up": False}))
    await expect(button).to_have_attribute("aria-pressed", "false")
    await button.focus()
    await page.keyboard.press("Enter")
    assert (await server.page_message("hand"))[1] == {"type": "hand", "up": True}
    await expect(button).to_have_attribute("aria-pressed", "true")
    await server.say(peer, class_news({"up": True, "place": 3, "of": 5}))
    await expect(page.get_by_role("status").get_by_text("Your hand is up: 3 of 5")).to_be_visible()
    await page.get_by_role("button", name="中文").click()
    await expect(page.locator("#hand-place")).to_have_text("已举手：第 3 位，共 5 位")
    await expect(button).to_have_accessible_name("举手")
    # The teacher lowers it, and then lets nobody speak.
    await server.say(peer, class_news({"up": False}))
    await expect(button).to_have_attribute("aria-pressed", "false")
    await expect(page.locator("#hand-place")).to_be_empty()
    await server.say(peer, class_news({"up": False}, floor=False))
    await expect(button).to_be_hidden()


async def test_the_teacher_sees_hands_in_their_order_and_lowers_them(
    server: PageServer, open_page: PageFactory
) -> None:
    board = await open_page(server.teach)
    hand = {"hand": True, "state": "gone"}
    students = {
        "1": student_entry("Ada", hand=True, raised="2026-11-23T10:05:02.000002+00:00"),
        "2": student_entry("<b>Bob</b>", raised="2026-11-23T10:05:01.000002+00:00", **hand),
        "3": student_entry("Cleo"),
    }
    await server.change(students=students)
    rows = board.locator("[data-hand]")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("<b>Bob</b>")
    await expect(board.locator("#hands-news")).to_have_text("2 hands are up")
    await board.get_by_role("button", name="Lower the hand of Ada").click()
    await board.get_by_role("button", name="Lower all").press("Enter")
    await board.get_by_role("button", name="中文").click()
    await expect(board.locator("#hands-heading")).to_contain_text("2 人举手")
    assert server.asked("hand.lower") == [{"id": "1"}, {"id": None}]
    await board.locator("[data-lower]").first.press("Enter")
    await server.change(students={"1": students["1"]})
    await expect(board.locator("[data-lower='1']")).to_be_focused()
    await server.change(students={"1": student_entry("Ada")})
    await expect(rows).to_have_count(0)
