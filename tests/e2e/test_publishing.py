"""The teacher page and an invited device send Chromium's fake camera and screen, and a student sees and hears them.

Chromium's stand-in is a green picture with a moving pie; its microphone beeps.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from classroom.broadcaster import Broadcaster
from classroom.features.publishing import PublishingFeature
from classroom.features.scenes import ScenesFeature
from tests.support.broadcast import TOKEN, broadcasting
from tests.support.browser import ARGUMENTS, PHONE, PageFactory, find_browser, until_true
from tests.support.display import VirtualDisplay
from tests.support.machine import Machine
from tests.support.watching import Watcher, watcher

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LESSON = """
lesson: {title: "Sent by a page"}
sources:
  laptop: {kind: browser}
  phone:  {kind: browser}
  pause:  {kind: card, title: "Back soon"}
audio:
  laptop: {source: laptop}
scenes: {talk: laptop, hand: phone, away: pause}
program: {size: 640x360, fps: 30, fallback: pause}
recording: {start: never}
"""

PLACE = (0.3, 0.5)
"""In the ground of the stand-in, left of the pie."""


def is_ground(pixel: list[int]) -> bool:
    red, green, blue = pixel
    return green > 90 and red < 60 and blue < 60


async def sees(student: Watcher, ground: bool, *, within: float = 30.0) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        pixels = await student.pixels(PLACE)
        if pixels and is_ground(pixels[0]) is ground:
            return
        assert loop.time() < deadline, f"{pixels} after {within:g} s, ground wanted: {ground}"
        await asyncio.sleep(0.02)


async def moves(student: Watcher) -> None:
    """Wait until the place over which the pie turns has been both dark and light."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 20
    greens: list[int] = []
    while True:
        pixels = await student.pixels((0.5, 0.42))
        greens.extend(pixel[1] for pixel in pixels or [])
        if greens and max(greens) - min(greens) > 60:
            return
        assert loop.time() < deadline, f"nothing moves: {greens}"
        await asyncio.sleep(0.03)


@pytest_asyncio.fixture(loop_scope="session")
async def lesson() -> AsyncIterator[Broadcaster]:
    async with broadcasting(LESSON) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def student(lesson: Broadcaster, browser: Browser) -> AsyncIterator[Watcher]:
    async with watcher(browser, f"http://127.0.0.1:{lesson.port}/") as each:
        await each.join()
        await each.state("live")
        yield each


def teach(lesson: Broadcaster) -> str:
    return f"http://127.0.0.1:{lesson.port}/teach#token={quote(TOKEN)}"


async def sending(page: Page, source: str = "laptop") -> None:
    await page.locator(f"[data-send={source}] [data-send-state=sending]").wait_for()


async def test_camera_microphone_and_screen_of_the_teacher_page(
    lesson: Broadcaster, student: Watcher, open_page: PageFactory
) -> None:
    page = await open_page(teach(lesson))
    await page.locator("[data-send-camera=laptop]").click()
    await sending(page)
    await sees(student, True)
    await moves(student)
    before = await student.energy()
    await until_true(student.page, "async (before) => (await probe.energy()) > before + 0.001", before, within=30)
    await until_true(page, "document.querySelector('.self').videoWidth > 0")
    assert await page.evaluate("document.querySelector('.self').muted")

    await page.locator("[data-send-screen=laptop]").click()
    await page.locator("[data-send-screen=laptop][aria-pressed=true]").wait_for()
    await sending(page)
    await sees(student, True)
    await page.locator("[data-send-stop=laptop]").click()
    await sees(student, False)
    assert await page.locator("video.self").count() == 0


async def test_a_closed_page_is_replaced_within_a_second_and_its_return_is_seen(
    lesson: Broadcaster, student: Watcher, open_page: PageFactory, machine: Machine
) -> None:
    page = await open_page(teach(lesson))
    for _ in range(2):
        await page.locator("[data-send-camera=laptop]").click()
        await sees(student, True)
        began = asyncio.get_running_loop().time()
        await page.goto("about:blank")
        await sees(student, False)
        assert asyncio.get_running_loop().time() - began < machine.allows(1.0)
        await page.goto(teach(lesson))
    assert await student.connections() == 1


async def test_it_goes_on_by_itself_after_the_control_connection_was_lost(
    lesson: Broadcaster, student: Watcher, open_page: PageFactory
) -> None:
    page = await open_page(teach(lesson))
    await page.locator("[data-send-camera=laptop]").click()
    await sees(student, True)
    for session in list(lesson._sessions._sessions):
        session._connection.transport.abort()
    await sees(student, False)
    await sees(student, True)
    await sending(page)


async def test_a_second_page_takes_over_and_the_first_says_so(lesson: Broadcaster, open_page: PageFactory) -> None:
    first, second = await open_page(teach(lesson)), await open_page(teach(lesson))
    await first.locator("[data-send-camera=laptop]").click()
    await sending(first)
    await second.locator("[data-send-camera=laptop]").click()
    await first.locator("[data-send-fault=replaced]").wait_for()
    await sending(second)


async def test_an_invited_phone_sends_without_the_token(
    lesson: Broadcaster, student: Watcher, open_page: PageFactory
) -> None:
    page = await open_page(teach(lesson))
    invited = lesson.feature(PublishingFeature).invite("phone")
    phone = await open_page(f"http://127.0.0.1:{lesson.port}{invited['path']}", size=PHONE)
    await phone.locator("body[data-send=ready]").wait_for(state="attached")
    await expect(phone.locator("#send-no-sound")).to_be_visible()  # the lesson has no input for it
    await phone.locator("#send-camera").click()
    await phone.locator("body[data-send=sending]").wait_for(state="attached")
    await expect(phone.get_by_role("status")).to_have_text("Sharing, not on air")
    lesson.feature(ScenesFeature).switch("hand")
    await expect(phone.get_by_role("status")).to_have_text("On air")
    assert (await phone.title()).startswith("● On air")
    lesson.feature(ScenesFeature).switch("away")
    await expect(phone.get_by_role("status")).to_have_text("Sharing, not on air")
    lesson.feature(ScenesFeature).switch("hand")
    await phone.get_by_role("button", name="中文").click()
    await expect(phone.get_by_role("status")).to_have_text("正在播出")
    await sees(student, True)
    await phone.locator("#send-flip").click()
    await sees(student, True)
    await phone.locator("body[data-send=sending]").wait_for(state="attached")
    assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    key = invited["path"].rpartition("key=")[2]
    assert key not in await phone.evaluate("JSON.stringify([sessionStorage, localStorage])")

    await page.locator("[data-invite=phone]").click()
    await page.locator("#invite-insecure").wait_for()
    await page.locator("#invite-revoke").click()
    await phone.locator("body[data-send=denied]").wait_for(state="attached")
    await sees(student, False)
    assert not await page.locator("#invite-dialog").is_visible()


async def test_a_phone_sends_the_sound_that_the_lesson_has_an_input_for(
    lesson: Broadcaster, open_page: PageFactory
) -> None:
    """And where there is no microphone, or it is not allowed, the picture alone; what it says fits a phone."""
    path = lesson.feature(PublishingFeature).invite("laptop")["path"]
    phone = await open_page("about:blank", size=(844, 390))
    await phone.add_init_script("""
        window.refuse = { audio: 'NotAllowedError', video: null };
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wanted) => {
            const name = refuse.video ?? (wanted.audio && refuse.audio);
            return name ? Promise.reject(new DOMException('', name)) : real(wanted);
        };
    """)
    await phone.goto(f"http://127.0.0.1:{lesson.port}{path}")
    await phone.locator("body[data-send=ready]").wait_for(state="attached")
    microphone = phone.locator("#send-microphone")
    await expect(microphone).to_be_checked()
    for name, said in (("NotFoundError", "finds no camera on this device"), ("NotAllowedError", "the sign beside")):
        await phone.evaluate("(name) => { refuse.video = name; }", name)
        await phone.locator("#send-camera").click()
        await expect(phone.get_by_role("alert")).to_contain_text(said)
    await expect(phone.locator(".sign")).to_have_count(2)
    await phone.evaluate("refuse.video = null")
    await phone.locator("#send-camera").click()
    await phone.locator("body[data-send=sending]").wait_for(state="attached")
    await expect(phone.locator("#send-silent")).to_be_visible()
    for button in ("#send-flip", "#send-stop"):  # on its side, too
        box = await phone.locator(button).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 390
    await phone.evaluate("refuse.audio = null")
    await microphone.uncheck()
    await expect(phone.locator("#send-silent")).to_have_count(0)
    await phone.locator("body[data-send=sending]").wait_for(state="attached")
    await microphone.check()
    await until_true(phone, "document.querySelector('.self').srcObject?.getAudioTracks().length === 1", within=30)


async def test_without_a_secure_context_the_page_says_what_to_do(lesson: Broadcaster, open_page: PageFactory) -> None:
    path = lesson.feature(PublishingFeature).invite("phone")["path"]
    phone = await open_page(f"http://198.51.100.7:{lesson.port}{path}", size=PHONE, locale="zh-CN")
    await phone.locator("body[data-send=insecure]").wait_for(state="attached")
    assert "https" in await phone.locator(".fault").inner_text()
    page = await open_page(f"http://198.51.100.7:{lesson.port}/teach#token={quote(TOKEN)}")
    await page.locator("[data-send-camera=laptop]").click()
    await page.locator("[data-send-fault=insecure]").wait_for()
    nothing = await open_page(f"http://127.0.0.1:{lesson.port}/send")
    await nothing.locator("body[data-send=nothing]").wait_for(state="attached")


async def test_a_camera_that_is_refused_is_a_sentence(lesson: Broadcaster, open_page: PageFactory) -> None:
    page = await open_page(teach(lesson))
    await page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')) }"
    )
    await page.locator("[data-send-camera=laptop]").click()
    await page.locator("[data-send-fault=camera_denied]").wait_for()
    assert await page.locator("[data-send-state]").count() == 0


async def test_a_real_screen_is_captured_and_sent(lesson: Broadcaster, student: Watcher) -> None:
    """A desktop of one colour, captured by a browser with a window on it, in whose place the person chose a screen."""
    arguments = [each for each in ARGUMENTS if not each.startswith("--use-fake")]
    arguments.append("--auto-select-desktop-capture-source=Entire screen")
    with VirtualDisplay(640, 360) as screen:
        async with async_playwright() as playwright:
            headed = await playwright.chromium.launch(
                executable_path=str(find_browser()),
                args=arguments,
                headless=False,
                env={**os.environ, "DISPLAY": screen.name},
            )
            page = await headed.new_page()
            await page.goto(teach(lesson))
            await page.locator("[data-send-screen=laptop]").click()
            await sending(page)
            with screen.window() as window:  # over the browser's own; the pointer is in the middle
                window.fill(0, 0, 255)
                await student.sees({(0.2, 0.5): "blue"}, within=30)
                window.fill(255, 0, 0)
                await student.sees({(0.2, 0.5): "red"}, within=30)
            await headed.close()
