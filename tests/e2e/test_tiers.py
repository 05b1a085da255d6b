"""The size of the picture follows the size at which a real page shows it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.support.broadcast import broadcasting
from tests.support.browser import PageFactory, state_is, until_true

pytestmark = pytest.mark.asyncio(loop_scope="session")

LESSON = """
sources:
  bars: {kind: pattern, size: 640x360, fps: 30}
scenes:
  talk: bars
program: {size: 640x360, fps: 30}
video: {bitrate: 800k, tiers: [{height: 180, bitrate: 150k}]}
recording: {start: never}
"""

HEIGHT_IS = "(height) => document.querySelector('video').videoHeight === height"


async def watch(page: Page) -> None:
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    await state_is(page, "live")


async def test_a_narrow_page_gets_the_small_picture_and_a_window_that_grows_the_large_one(
    open_page: PageFactory,
) -> None:
    async with broadcasting(LESSON) as lesson:
        page = await open_page(f"http://127.0.0.1:{lesson.port}/", size=(300, 600))
        await watch(page)
        await until_true(page, HEIGHT_IS, 180, within=30)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await until_true(page, HEIGHT_IS, 360, within=30)
        await page.set_viewport_size({"width": 300, "height": 600})
        await until_true(page, HEIGHT_IS, 180, within=40)


async def test_a_sharp_screen_counts_in_its_own_pixels(open_page: PageFactory) -> None:
    async with broadcasting(LESSON) as lesson:
        page = await open_page(f"http://127.0.0.1:{lesson.port}/", size=(300, 600), device_scale_factor=3)
        await watch(page)
        await until_true(page, HEIGHT_IS, 360, within=30)
        assert not any(tier["active"] for tier in lesson.statistics["tiers"].values())
