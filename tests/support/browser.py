"""A real Chromium for tests of the pages: found on this machine, started once a session, a fresh profile for each page.

The async API with an own fixture, because pytest-playwright's synchronous one leaves an event loop running in which
no asyncio test can start. Import ``browser`` and ``open_page`` into the test module or its conftest.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from classroom.bench.pulse import MISSING, sound_card

__all__ = [
    "ARGUMENTS",
    "DESKTOP",
    "PHONE",
    "PageFactory",
    "audible_browser",
    "browser",
    "find_browser",
    "open_page",
    "state_is",
    "until_true",
]

DESKTOP = (1280, 800)
PHONE = (390, 844)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--host-resolver-rules=MAP 198.51.100.7 127.0.0.1",
]


class PageFactory(Protocol):
    """Opens a page in a profile of its own; it is closed, and checked for faults, when the test ends."""

    def __call__(
        self,
        address: str,
        *,
        size: tuple[int, int] = DESKTOP,
        locale: str = "en-US",
        expect_faults: bool = False,
        **context: Any,
    ) -> Awaitable[Page]: ...


def find_browser() -> Path:
    """Where the browser is; the test is skipped where there is none, except where CI says there must be."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("No Chromium was found. Install it, or name it in the environment variable CHROMIUM.")
        pytest.skip("no Chromium on this machine; name one in the environment variable CHROMIUM")
    return Path(found)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of the session."""
    found = find_browser()
    # Deadlines are there to end a test that hangs, not to find out how busy the machine is.
    expect.set_options(timeout=30_000)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=str(found), args=ARGUMENTS)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[PageFactory]:
    """Pages of one test. A script error or a breach of the content policy on any of them fails the test."""
    faults: list[str] = []
    closers: list[Callable[[], Awaitable[None]]] = []

    async def open_one(
        address: str,
        *,
        size: tuple[int, int] = DESKTOP,
        locale: str = "en-US",
        expect_faults: bool = False,
        **context: Any,
    ) -> Page:
        profile = await browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=locale, ignore_https_errors=True, **context
        )
        closers.append(profile.close)
        page = await profile.new_page()
        if not expect_faults:
            page.on("pageerror", lambda error: faults.append(f"{address}: {error}"))
            page.on(
                "console",
                lambda line: faults.append(f"{address}: {line.text}") if "Content Security" in line.text else None,
            )
        await page.goto(address)
        return page

    yield open_one
    for close in closers:
        await close()
    assert not faults, faults


async def state_is(page: Page, *states: str, within: float = 60.0) -> None:
    """Wait until the student page says one of the states (see ``web/lib/receiver.js``)."""
    wanted = ", ".join(f'body[data-state="{state}"]' for state in states)
    try:
        await page.locator(wanted).wait_for(state="attached", timeout=within * 1000)
    except PlaywrightTimeout as error:
        state, lines = await page.evaluate(
            "[document.body.dataset.state, [...document.querySelectorAll('#log li')].map((line) => line.textContent)]"
        )
        raise AssertionError(f"{state}, not {states}, after {within:g} s:\n" + "\n".join(lines)) from error


async def until_true(page: Page, expression: str, argument: Any = None, *, within: float = 10.0) -> Any:
    """Wait until an expression is true in a page; its value. The page's content policy forbids `wait_for_function`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not (value := await page.evaluate(expression, argument)):
        assert loop.time() < deadline, f"not true within {within:g} s: {expression}"
        await asyncio.sleep(0.02)
    return value


@contextlib.asynccontextmanager
async def audible_browser() -> AsyncIterator[Browser]:
    """A browser that plays sound into a sound card that nobody hears."""
    found = find_browser()
    async with sound_card() as card:
        if card is None:
            pytest.skip(MISSING)
        async with async_playwright() as playwright:
            running = await playwright.chromium.launch(
                executable_path=str(found), args=ARGUMENTS, env={**os.environ, **card}
            )
            yield running
            await running.close()
