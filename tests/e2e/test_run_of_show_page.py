"""The run of show on the teacher page: the next cue, the time left, and the button that calls it."""

from __future__ import annotations

import copy
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from classroom.director.cues import CueState
from classroom.features.run_of_show import CueEntry, CuesSection
from tests.support.browser import PHONE, PageFactory
from tests.support.page_server import PageServer, page_server
from tests.support.port import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def cue(title: str, state: CueState) -> CueEntry:
    return {"title": title, "scene": "talk", "slide": {"source": "deck", "page": 3}, "at": None, "state": state}


CUES: CuesSection = {
    "mode": "automatic",
    "next": 1,
    "left": 299.5,
    "due": 0,
    "list": [cue("Welcome", "done"), cue("The theorem", "next"), cue("", "coming")],
}


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        running.state["cues"] = copy.deepcopy(CUES)
        yield running


async def run_of_show_of(server: PageServer, open_page: PageFactory, **options: Any) -> tuple[Page, Any]:
    page = await open_page(server.teach, **options)
    panel = page.locator(".run-of-show")
    await panel.wait_for()
    return page, panel


async def test_the_next_cue_is_shown_with_the_time_left(server: PageServer, open_page: PageFactory) -> None:
    page, panel = await run_of_show_of(server, open_page)
    await expect(panel).to_contain_text("The theorem")
    await expect(panel.locator("[data-left]")).to_have_text("in 4:58")
    await shoot(page, "run-of-show-1280")
    await panel.get_by_role("button", name="Next cue").click()
    await until(lambda: server.asked("cue.next") == [{}])


async def test_a_held_show_says_so_and_what_is_due(server: PageServer, open_page: PageFactory) -> None:
    server.state["cues"] = {**CUES, "mode": "held", "left": 0.0, "due": 1}
    page, panel = await run_of_show_of(server, open_page, size=PHONE)
    await expect(panel).to_contain_text("is due")
    await expect(panel).to_contain_text("Manual control. Cues are on hold until you press Next cue.")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await shoot(page, "run-of-show-390")


async def test_a_cue_without_a_title_is_named_by_what_it_shows(server: PageServer, open_page: PageFactory) -> None:
    server.state["cues"] = {**CUES, "next": 2, "left": None}
    _, panel = await run_of_show_of(server, open_page)
    await expect(panel).to_contain_text("talk, deck, page 3")
    await expect(panel).to_contain_text("waits for you")


async def test_a_lesson_without_cues_has_no_run_of_show(server: PageServer, open_page: PageFactory) -> None:
    server.state["cues"] = {**CUES, "next": None, "left": None, "list": []}
    page = await open_page(server.teach)
    await page.locator("[data-scene-button=talk]").wait_for()
    await expect(page.locator(".run-of-show")).to_have_count(0)


async def shoot(page: Page, name: str) -> None:
    """Keep a picture where somebody asks for one."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png")
