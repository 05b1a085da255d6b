"""Who may come in, as students and teachers see it: a real lesson, real pages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from classroom.broadcaster import Broadcaster
from tests.support.broadcast import TOKEN, broadcasting, eventually
from tests.support.browser import PHONE, PageFactory, state_is, until_true
from tests.support.port import ask

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUICK = "() => { window.setTimeout = ((real) => (what, after) => real(what, after / 10))(setTimeout); }"
"""Pauses of a page are shorter by so much."""

LESSON = """
lesson: {title: "Algebra"}
sources:
  bars: {kind: pattern, size: 320x180, fps: 15}
scenes:
  bars: bars
program: {size: 320x180, fps: 15, fallback: bars}
recording: {start: never}
"""


@contextlib.asynccontextmanager
async def lesson(access: str) -> AsyncIterator[tuple[Broadcaster, str]]:
    """A running lesson and its address."""
    async with broadcasting(f"{LESSON}access: {access}\n") as running:
        yield running, f"http://127.0.0.1:{running.port}"


async def join(page: Page, name: str = "Ada") -> None:
    await page.locator("#name").fill(name)
    await page.locator("#join-button").click()


async def teach(open_page: PageFactory, base: str, size: tuple[int, int] = (1280, 800)) -> Page:
    page = await open_page(f"{base}/teach#token={quote(TOKEN)}", size=size)
    await page.locator("[data-scene-button=bars]").wait_for()
    return page


def shown(running: Broadcaster) -> list[tuple[str, str]]:
    students = running.state()["students"]
    assert isinstance(students, dict)
    return [(each["name"], each["state"]) for each in students.values() if each["state"] != "gone"]


async def test_the_passcode_is_asked_for_once_and_kept_for_reconnects(open_page: PageFactory) -> None:
    async with lesson("{passcode: '密码 &1'}") as (running, base):
        page = await open_page(base)
        await expect(page.locator("#passcode")).to_be_hidden()
        await join(page)
        await state_is(page, "passcode")
        field = page.get_by_label("Passcode")
        await expect(field).to_be_focused()
        await expect(page.locator("#passcode-fault")).to_be_hidden()
        await field.fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("Wrong passcode. Please check it and try again.")
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_value("wrong")
        await page.get_by_role("button", name="中文").click()
        await expect(page.get_by_role("alert")).to_contain_text("密码不正确")
        await page.get_by_label("课堂密码").fill(" 密码 &1 ")
        await page.locator("#join-button").click()
        await state_is(page, "live")
        assert "pass" not in page.url
        # The server forgets it; the page signs in again without asking.
        [peer] = [member for member in running._audience._roster.present]
        await ask(running.port, b"GET /sign_out?peer_id=%d HTTP/1.0\r\n\r\n" % peer)
        await eventually(lambda: bool(set(running._audience._roster.present) - {peer}))
        await state_is(page, "live")
        await page.reload()
        await page.locator("#join-button").click()
        await state_is(page, "live")
        assert await page.evaluate("localStorage.getItem('classroom.passcode')") is None


async def test_a_student_waits_and_the_teacher_lets_in(open_page: PageFactory) -> None:
    async with lesson("{admit: approve}") as (_, base):
        board = await teach(open_page, base)
        page = await open_page(base)
        await join(page, "Ada <b>")
        await state_is(page, "lobby")
        await expect(page.get_by_role("status").first).to_have_text("Waiting to be admitted")
        await expect(page.locator("h1")).to_have_text("Algebra")
        await expect(board.locator("#lobby-news")).to_have_text("1 student waiting to join")
        await expect(board.locator("#admit-all")).to_have_count(0)
        await expect(board.locator("tr[data-student]")).to_have_count(0)
        await board.get_by_role("button", name="Admit Ada <b>").click()
        await state_is(page, "live")
        await expect(board.locator("#lobby-news")).to_have_text("")
        await expect(board.locator("tr[data-state=watching]")).to_contain_text("Ada <b>")
        # The page that comes back is not asked for again, and keeps its line.
        await page.reload()
        await page.locator("#join-button").click()
        await state_is(page, "live")
        await expect(board.locator("tr[data-student]")).to_have_count(1)
        await expect(board.locator("tr[data-student='1']")).to_contain_text("Ada <b>")


async def test_all_who_wait_are_let_in_at_once(open_page: PageFactory) -> None:
    async with lesson("{admit: approve}") as (_, base):
        pages = [await open_page(base) for _ in range(2)]
        for number, page in enumerate(pages):
            await join(page, f"Student {number}")
            await state_is(page, "lobby")
        board = await teach(open_page, base)
        await board.locator("#admit-all").click()
        for page in pages:
            await state_is(page, "live")


async def test_a_student_is_refused_and_may_ask_again(open_page: PageFactory) -> None:
    async with lesson("{admit: approve}") as (_, base):
        board = await teach(open_page, base)
        page = await open_page(base)
        await join(page)
        await state_is(page, "lobby")
        await board.get_by_role("button", name="Refuse Ada").click()
        await expect(board.get_by_role("heading", name="Refuse Ada?")).to_be_visible()
        await expect(board.locator("#remove-cancel")).to_be_focused()
        await board.get_by_role("button", name="Refuse", exact=True).last.click()
        await state_is(page, "refused")
        await expect(page.locator("#notice-headline")).to_have_text("The teacher did not admit you")
        await page.get_by_role("button", name="Ask again").click()
        await state_is(page, "lobby")
        await expect(board.locator("[data-waiting]")).to_have_count(1)


async def test_a_student_is_removed_by_keyboard_and_may_join_again(open_page: PageFactory) -> None:
    async with lesson("{admit: everyone}") as (running, base):
        board = await teach(open_page, base)
        page = await open_page(base)
        await join(page)
        await state_is(page, "live")
        await board.get_by_role("button", name="Remove Ada").focus()
        await board.keyboard.press("Enter")
        await board.keyboard.press("Escape")
        await expect(board.locator("#remove-dialog")).to_be_hidden()
        await expect(board.get_by_role("button", name="Remove Ada")).to_be_focused()
        await board.keyboard.press("Enter")
        await board.keyboard.press("Tab")
        await expect(board.locator("#remove-confirm")).to_be_focused()
        await board.keyboard.press("Enter")
        await state_is(page, "refused")
        await expect(page.locator("#notice-headline")).to_have_text("The teacher has removed you from the lesson")
        await eventually(lambda: shown(running) == [])
        await page.get_by_role("button", name="Join again").click()
        await state_is(page, "live")


async def test_a_banned_student_stays_out(open_page: PageFactory) -> None:
    async with lesson("{admit: everyone}") as (running, base):
        board = await teach(open_page, base)
        page = await open_page(base)
        await join(page)
        await state_is(page, "live")
        await board.get_by_role("button", name="Remove Ada").click()
        await board.locator("#remove-ban").click()
        await state_is(page, "refused")
        await expect(page.locator("#notice-headline")).to_have_text("You cannot rejoin this lesson")
        await expect(page.locator("#again")).to_be_hidden()
        # A new tab of the same browser under another name.
        other = await page.context.new_page()
        await other.goto(base)
        await join(other, "Somebody else")
        await state_is(other, "refused")
        await expect(other.locator("#notice-headline")).to_have_text("You cannot rejoin this lesson")
        assert shown(running) == []


async def test_one_too_many_gets_in_when_a_place_is_free(open_page: PageFactory) -> None:
    async with lesson("{max_students: 1}") as (_, base):
        first, second = await open_page(base), await open_page(base)
        await join(first)
        await state_is(first, "live")
        await join(second, "Bob")
        await state_is(second, "refused")
        await expect(second.locator("#notice-headline")).to_have_text("The class is full")
        await second.get_by_role("button", name="Try again").click()
        await state_is(second, "refused")
        await second.evaluate(QUICK)
        await second.get_by_role("button", name="中文").click()
        await expect(second.locator("#state-text")).to_have_text("人数已满")
        await second.get_by_role("button", name="再试一次").click()  # by the quicker clock from here on
        await first.goto("about:blank")
        await state_is(second, "live")


async def test_a_copied_tab_takes_the_place_and_does_not_fight_for_it(open_page: PageFactory) -> None:
    async with lesson("{max_students: 1}") as (running, base):
        page = await open_page(base)
        await join(page)
        await state_is(page, "live")
        copied = await page.evaluate("JSON.stringify({...sessionStorage})")
        other = await page.context.new_page()
        await other.goto(base)
        await other.evaluate("(kept) => Object.assign(sessionStorage, JSON.parse(kept))", copied)
        await join(other)
        await state_is(other, "live")
        await state_is(page, "refused")
        await expect(page.locator("#notice-headline")).to_have_text("You are watching in another window")
        await page.get_by_role("button", name="Watch here").click()
        await state_is(page, "live")
        await state_is(other, "refused")
        assert shown(running) == [("Ada", "watching")]


@pytest.mark.parametrize("state", ["passcode", "lobby"])
async def test_nothing_overflows_on_a_phone(open_page: PageFactory, state: str) -> None:
    access = "{passcode: x}" if state == "passcode" else "{admit: approve}"
    async with lesson(access) as (_, base):
        page = await open_page(base, size=PHONE)
        await join(page, "Maximilian-Alexander von und zu Hohenstein-Wolkenburg")
        await state_is(page, state)
        pages = [page]
        if state == "lobby":
            board = await teach(open_page, base, size=PHONE)
            await until_true(board, "document.querySelector('[data-waiting]') !== null")
            pages.append(board)
        for each in pages:
            assert await each.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
