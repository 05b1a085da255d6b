"""The chat on the student page and on the teacher page: writing, reading, removing and muting."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from classroom.students.chat_log import ChatEntry
from classroom.webrtc.class_messages import ChatLine, ChatNews
from tests.support.browser import PHONE, PageFactory
from tests.support.entries import class_news, student_entry
from tests.support.page_server import PageServer, page_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

_AT = "2026-11-23T10:05:00+00:00"
_MARKUP = "<b>bold</b>"
_FULL = 30


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        await running.member.sign_in("Algebra")
        yield running


async def _shows_its_end(messages: Locator) -> None:
    """The last message is whole and readable, however many came before it."""
    last = messages.last
    await expect(last).to_be_in_viewport()
    box = await last.bounding_box()
    assert box is not None
    assert box["height"] > 30, f"the last message is squeezed: {box}"


async def test_a_student_writes_and_reads(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin, size=PHONE)
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    peer, _ = await server.page_message("hello")
    await expect(page.locator("#chat")).to_be_hidden()
    await server.say(peer, class_news())
    lines = [_line(number) for number in range(_FULL)]
    await server.say(peer, ChatNews(messages=lines[:-1], removed=[], history=True))
    await server.say(peer, ChatNews(messages=lines[-1:], removed=[]))
    await expect(page.locator("#chat-unread")).to_have_text("1 new message")
    await page.locator("#chat summary").press("Enter")
    await expect(page.locator("#chat-unread")).to_be_empty()
    messages = page.locator(".chat-message")
    await expect(messages).to_have_count(_FULL)
    await expect(messages.last).to_contain_text(_MARKUP)
    await page.locator("#chat-text").fill("Why?")
    await _shows_its_end(messages)
    await page.locator("#chat-text").press("Enter")
    said = (await server.page_message("chat"))[1]
    assert said["text"] == "Why?"
    await expect(page.locator("#chat-text")).to_be_focused()
    await server.say(peer, ChatNews(messages=[], removed=[0], refused=said["n"]))
    await expect(messages).to_have_count(_FULL - 1)
    await expect(page.locator("#chat-text")).to_have_value("Why?")
    await expect(page.locator("#chat-fault")).to_be_visible()


async def test_the_teacher_reads_writes_removes_and_mutes(server: PageServer, open_page: PageFactory) -> None:
    await server.change(students={"1": student_entry("Ada")}, chat=[_entry(number) for number in range(_FULL)])
    board = await open_page(server.teach)
    messages = board.locator(".chat-message")
    await expect(messages).to_have_count(_FULL)
    await expect(messages.last).to_contain_text(_MARKUP)
    await board.locator("#chat-text").fill("Hello")
    await _shows_its_end(messages)
    await board.locator("#chat-text").press("Enter")
    await expect(board.locator("#chat-text")).to_have_value("")
    await messages.last.get_by_role("button", name="Mute Ada in the chat").click()
    await messages.last.get_by_role("button", name="Remove").press("Enter")
    await server.change(chat=server.state["chat"][:-1])
    await expect(messages).to_have_count(_FULL - 1)
    await expect(board.get_by_role("log", name="Chat")).to_be_focused()
    await board.locator("#chat-clear").click()
    await board.locator("[data-chat-mode=off]").click()
    await expect(board.locator("#chat-text")).to_be_enabled()  # the lesson has not changed it yet
    await server.change(room={**server.state["room"], "chat": "off"})
    await expect(board.locator("#chat-text")).to_be_disabled()
    assert server.asked("chat.send") == [{"text": "Hello"}]
    assert server.asked("chat.mute") == [{"id": "1", "muted": True}]
    assert server.asked("chat.remove") == [{"id": _FULL - 1}]
    assert server.asked("chat.clear") == [{}]
    assert server.asked("room.set") == [{"chat": "off"}]


def _entry(number: int) -> ChatEntry:
    return {"id": number, "student": "1", "name": "Ada", "text": _MARKUP, "at": _AT, "to": "class"}


def _line(number: int) -> ChatLine:
    return {
        "id": number,
        "from": "Bob",
        "number": "2",
        "own": False,
        "teacher": False,
        "private": False,
        "text": _MARKUP,
        "at": _AT,
    }
