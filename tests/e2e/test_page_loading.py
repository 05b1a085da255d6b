"""What a page says, and does, when a part of it does not come, or when the browser cannot run it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.support.browser import PHONE, PageFactory, until_true
from tests.support.page_server import TOKEN, PageServer, page_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGES = {
    "student": ("/", "#join-button:not([disabled])"),
    "teacher": (f"/teach#token={quote(TOKEN)}", "[data-scene-button]"),
    "send": ("/send#source=phone&key=x", "body[data-send=denied]"),
}
QUICK = "const real = setTimeout; window.setTimeout = (what, after, ...more) => real(what, after / 20, ...more);"
"""Pauses are shorter by so much in tests."""


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        running.errors["hello"] = {"code": -32001, "message": "no"}
        yield running


async def opened(open_page: PageFactory, size: tuple[int, int] = (1280, 800)) -> Page:
    page = await open_page("about:blank", size=size, expect_faults=True)
    await page.add_init_script(QUICK)
    return page


@pytest.mark.parametrize(
    ("name", "lost"), [("student", "lib/backoff.js"), ("teacher", "locales/zh.json"), ("send", "style/base.css")]
)
async def test_a_page_of_which_a_part_was_lost_loads_it_again(
    server: PageServer, open_page: PageFactory, name: str, lost: str
) -> None:
    """A script, a text and a style, each lost once on its way, and twice by a server that is too busy."""
    if name == "teacher":
        server.errors.clear()
    address, usable = PAGES[name]
    page = await opened(open_page)
    times = 0

    async def lose(route: Route) -> None:
        nonlocal times
        times += 1
        if times == 1:
            await route.abort("connectionreset")
        elif times < 4:
            await route.fulfill(status=503, body="busy")
        else:
            await route.continue_()

    await page.route(f"**/assets/{lost}", lose)
    await page.goto(server.origin + address)
    await page.locator(usable).first.wait_for(state="attached")
    await expect(page.locator("#loading")).to_have_count(0)
    await until_true(page, "[...document.styleSheets].some(({ href }) => href.endsWith('base.css'))")


async def test_a_page_that_is_not_all_there_after_ten_seconds_says_so(
    server: PageServer, open_page: PageFactory
) -> None:
    page = await open_page("about:blank")
    held: list[Route] = []
    await page.route("**/assets/lib/backoff.js", lambda route: held.append(route))
    await page.goto(server.origin, wait_until="commit")
    sentence = page.locator("#loading .slow")
    await sentence.wait_for(state="attached")
    await expect(sentence).to_be_hidden()
    await until_true(page, "document.getAnimations().length === 1")
    assert await page.evaluate("document.getAnimations()[0].effect.getTiming().delay") == 10_000
    await page.evaluate("document.getAnimations()[0].finish()")
    await expect(sentence).to_be_visible()
    await held[0].continue_()
    await expect(page.locator("#loading")).to_have_count(0)


async def test_a_file_of_which_nothing_is_heard_is_taken_for_lost(server: PageServer, open_page: PageFactory) -> None:
    page = await opened(open_page)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        await (route.continue_() if held else asyncio.sleep(0))
        held.append(route)

    await page.route("**/assets/lib/backoff.js", hold)
    await page.goto(server.origin, wait_until="commit")
    await page.locator(PAGES["student"][1]).wait_for()
    assert len(held) == 2


async def test_a_server_that_is_away_meanwhile_is_waited_for(server: PageServer, open_page: PageFactory) -> None:
    page = await opened(open_page, PHONE)
    away = True

    async def answer(route: Route) -> None:
        await (route.abort("connectionrefused") if away else route.continue_())

    await page.route("**/page.js", answer)
    await page.route("**/healthz", answer)
    async with page.expect_event("requestfailed", lambda request: request.url.endswith("/healthz")):
        await page.goto(server.origin)
    sentence = page.locator("#loading .failed")
    await expect(sentence).to_contain_text("A part of this page did not arrive.")
    await expect(sentence).to_contain_text("正在重新加载")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    away = False
    await page.locator(PAGES["student"][1]).wait_for()


@pytest.mark.parametrize(("name", "since"), [("student", "modules"), ("teacher", "private methods")])
async def test_a_browser_that_is_too_old_is_told_so(
    server: PageServer, open_page: PageFactory, name: str, since: str
) -> None:
    """One without modules knows none of their tags; one without private methods stops at the first of them."""
    page = await opened(open_page)
    if since == "modules":
        await page.add_init_script("delete HTMLScriptElement.prototype.noModule")
    await page.route(
        "**/page.js", lambda route: route.fulfill(content_type="text/javascript", body="class Page { ##later() {} }")
    )
    await page.goto(server.origin + PAGES[name][0])
    sentence = page.locator("#loading .old")
    await expect(sentence).to_contain_text("too old for this page")
    await expect(sentence).to_contain_text("浏览器版本过旧")
    await expect(page.locator("#loading .failed")).to_be_hidden()
