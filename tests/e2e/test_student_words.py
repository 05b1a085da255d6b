"""What the student page says when there is no lesson to be seen, in both languages, to eyes and to screen readers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from classroom.webrtc.messages import Ended, RefusalReason, Refused
from tests.support.browser import PHONE, PageFactory, state_is
from tests.support.page_server import PageServer, page_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED: dict[RefusalReason, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "removed": (
        ("Removed", "The teacher has removed you from the lesson", "you can join again"),
        ("已被移出", "老师已将你移出课堂", "可以重新进入"),
    ),
    "teacher": (
        ("Not admitted", "The teacher did not admit you", "you can ask again"),
        ("未获批准", "老师没有批准你进入", "可以再次申请"),
    ),
    "replaced": (
        ("Open in another window", "You are watching in another window", "another tab or window"),
        ("已在其他窗口打开", "已在其他窗口中观看", "另一个标签页"),
    ),
    "full": (
        ("Class is full", "The class is full", "tries again automatically"),
        ("人数已满", "课堂人数已满", "自动重试"),
    ),
    "banned": (
        ("Blocked", "You cannot rejoin this lesson", "Your teacher blocked you"),
        ("已被禁止进入", "你不能再进入本节课", "老师已禁止你进入"),
    ),
}
"""In few words, as the headline, what to do about it; and the same in Chinese."""


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        await running.member.sign_in("Algebra")
        yield running


async def says(page: Page, short: str, headline: str, hint: str) -> None:
    await expect(page.locator("#state-text")).to_have_text(short)
    await expect(page.locator("#notice-headline")).to_contain_text(headline)
    await expect(page.locator("#notice-hint")).to_contain_text(hint)
    await expect(page.locator("#said")).to_contain_text(hint)
    assert await page.locator("#said").evaluate("(said) => said.checkVisibility() && said.role === 'status'")


async def test_why_somebody_is_not_in_is_told_by_eye_and_ear(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin)
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    for why, (english, chinese) in REFUSED.items():
        peer, _ = await server.page_message("hello")
        await expect(page.locator("#lesson")).to_be_focused()
        await server.say(peer, Refused(why))
        await says(page, *english)
        await page.get_by_role("button", name="中文").click()
        await says(page, *chinese)
        await page.get_by_role("button", name="English").click()
        if why != "banned":
            await page.locator("#again").click()
    await expect(page.locator("#again")).to_be_hidden()


async def test_the_end_asks_for_nothing(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin)
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    peer, _ = await server.page_message("hello")
    await server.say(peer, Ended())
    await says(page, "The lesson has ended", "The lesson has ended", "You can close this page.")
    colour = "(button) => getComputedStyle(button).backgroundColor"
    quiet = await page.locator("#mute").evaluate("() => getComputedStyle(document.body).getPropertyValue('--accent')")
    assert quiet.strip() == "#8fb8ff"
    assert await page.locator("#again").evaluate(colour) != "rgb(143, 184, 255)"


async def test_a_server_that_stopped_is_first_told_as_the_teachers(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin, size=PHONE, locale="zh-CN")
    await page.locator("#name").fill("王小明")
    await page.locator("#join-button").click()
    peer, _ = await server.page_message("hello")
    await page.route("**/sign_in?*", lambda route: route.abort())
    await server.member.remove(peer)
    await state_is(page, "unreachable")
    await says(page, "正在重新连接…", "与老师的电脑失去联系", "自动重新连接")
    await page.locator("#details > summary").click()
    lines = await page.locator("#log li").all_inner_texts()
    assert any("服务器返回错误 500" in line for line in lines), lines
    assert any("没有应答" in line for line in lines), lines
    assert not [line for line in lines if re.search("[A-Za-z]", line)]
    await page.unroute("**/sign_in?*")
    await server.page_message("hello")


async def test_at_four_times_the_size_everything_can_be_read_and_pressed(
    server: PageServer, open_page: PageFactory
) -> None:
    """WCAG 1.4.10: 1280 pixels at 400 % are 320."""
    page = await open_page(server.origin, size=(320, 256))
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    peer, _ = await server.page_message("hello")
    await server.say(peer, Refused("full"))
    await state_is(page, "refused")
    assert await page.evaluate("(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight)(stage)")
    for part in ("#notice-headline", "#notice-hint", "#again", "#mute"):
        await page.locator(part).scroll_into_view_if_needed()
        box = await page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 256
        assert await page.locator(part).evaluate(
            """(part) => {
                const { left, top, width, height } = part.getBoundingClientRect();
                return [0.1, 0.5, 0.9].every((at) =>
                    part.contains(document.elementFromPoint(left + width / 2, top + height * at)));
            }"""
        )
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator("#again").click()
    await server.page_message("hello")
