"""Every state of both pages, in both languages, on a desk and on a phone, under the eyes of axe-core."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Page

from classroom.common.paths import web_folder
from classroom.features.publishing import PublishingFeature
from classroom.features.scenes import TransitionEntry
from classroom.webrtc.messages import Ended, Waiting
from tests.support.broadcast import LESSON, TOKEN, broadcasting
from tests.support.browser import DESKTOP, PHONE, PageFactory, state_is
from tests.support.page_server import PageServer, page_server, slides

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = web_folder() / "node_modules" / "axe-core" / "axe.min.js"

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
LOCALES = pytest.mark.parametrize("locale", ["en-US", "zh-CN"])


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `npm ci` in the folder web")
    return Path(AXE).read_text("utf-8")


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        yield running


async def check(page: Page, axe: str, state: str) -> None:
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe)
    # Wherever a page has been scrolled to, something may lie half under a head that stays.
    await page.evaluate("scrollTo(0, 0)")
    found = await page.evaluate(
        "() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })"
    )
    broken = [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found["violations"]]
    assert broken == [], f"{state}: {broken}"
    assert len(found["passes"]) > 10, "axe found hardly anything to look at"


@SIZES
@LOCALES
async def test_student_page(
    server: PageServer, open_page: PageFactory, axe: str, size: tuple[int, int], locale: str
) -> None:
    page = await open_page(server.origin, size=size, locale=locale)
    await page.locator(f"html[lang^={locale[:2]}]").wait_for(state="attached")
    await check(page, axe, "join")
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    await state_is(page, "waiting")
    await page.locator("#details > summary").click()
    await check(page, axe, "waiting, with details")
    await server.member.sign_in("Algebra")
    await page.reload()
    await page.locator("#join-button").click()
    peer, _ = await server.page_message("hello")
    await state_is(page, "joining")
    await check(page, axe, "joining")
    await server.say(peer, Waiting(title="Algebra", language="en"))
    await state_is(page, "lobby")
    await check(page, axe, "waiting to be let in")
    await server.say(peer, Ended())
    await state_is(page, "ended")
    await check(page, axe, "ended")


@SIZES
@LOCALES
async def test_passcode_and_lobby(open_page: PageFactory, axe: str, size: tuple[int, int], locale: str) -> None:
    """A wrong passcode on the student page; somebody who waits, and the question about removing, on the teacher's."""
    async with broadcasting(f"{LESSON}access: {{passcode: right, admit: approve}}\n") as lesson:
        base = f"http://127.0.0.1:{lesson.port}"
        page = await open_page(base, size=size, locale=locale)
        await page.locator("#name").fill("Ada")
        await page.locator("#join-button").click()
        for passcode in ("wrong", "right"):
            await state_is(page, "passcode")
            await page.locator("#passcode").fill(passcode)
            await page.locator("#join-button").click()
            if passcode == "wrong":
                await page.locator("#passcode-fault").wait_for()
                await check(page, axe, "wrong passcode")
        await state_is(page, "lobby")
        board = await open_page(f"{base}/teach#token={quote(TOKEN)}", size=size, locale=locale)
        await board.locator("[data-waiting]").wait_for()
        await check(board, axe, "somebody waits")
        await board.locator("[data-refuse]").click()
        await check(board, axe, "refuse?")


@SIZES
@LOCALES
async def test_teacher_page(
    server: PageServer, open_page: PageFactory, axe: str, size: tuple[int, int], locale: str
) -> None:
    page = await open_page(f"{server.origin}/teach", size=size, locale=locale)
    await page.locator("#token").fill("wrong")
    await page.locator("#gate button").click()
    await page.locator("#gate .fault").wait_for()
    await check(page, axe, "gate")
    server.state["lesson"] = {**server.state["lesson"], "language": locale[:2]}
    server.errors["source.restart"] = {"code": -32003, "message": "no", "data": {"why": "Wait."}}
    await page.goto(server.teach)
    await page.locator("[data-restart=bench]").click()
    await page.locator("#sentence p").wait_for()
    await page.locator(f"html[lang^={locale[:2]}]").wait_for(state="attached")
    for strip in await page.locator(".heard summary").all():
        await strip.click()
    await check(page, axe, "board")
    await page.locator("#end").click()
    await check(page, axe, "question before the end")
    await page.locator("#end-confirm").click()
    await page.locator("body[data-control=ended]").wait_for(state="attached")
    await check(page, axe, "ended")


@SIZES
@LOCALES
async def test_the_switching_desk_and_slides(
    server: PageServer, open_page: PageFactory, axe: str, size: tuple[int, int], locale: str
) -> None:
    server.state |= {
        "lesson": {**server.state["lesson"], "language": locale[:2]},
        "sources": {**server.state["sources"], "slides": slides(1, 12)},
    }
    page = await open_page(server.teach, size=size, locale=locale)
    await page.locator("#prepare").check()
    await check(page, axe, "nothing in the preview")
    await page.locator("#transition").select_option("fade")
    await page.locator("[data-fold=audio] > summary").click()
    fade: TransitionEntry = {"kind": "fade", "from": "desk", "duration": 5.0}
    await server.change(preview="duo", program={**server.state["program"], "scene": "talk", "transition": fade})
    await page.locator(".transition").wait_for()
    await check(page, axe, "preview and a fade in progress")


@SIZES
@LOCALES
async def test_the_way_in_on_the_teacher_page(
    server: PageServer, open_page: PageFactory, axe: str, size: tuple[int, int], locale: str
) -> None:
    server.state["lesson"] = {
        **server.state["lesson"],
        "language": locale[:2],
        "addresses": [f"{server.origin}/", "http://192.168.1.7:8888/"],
        "secure_addresses": ["https://192.168.1.7:8443/"],
        "fingerprint": ":".join(["AB"] * 32),
    }
    page = await open_page(server.teach, size=size, locale=locale)
    await page.locator(".secure summary").click()
    await page.locator("[data-copy]").first.click()
    await check(page, axe, "addresses")
    await page.locator("#join-show").click()
    await page.locator("#join-dialog img").wait_for(state="visible")
    await check(page, axe, "the code, large")


@SIZES
@LOCALES
async def test_trust_page(
    server: PageServer, open_page: PageFactory, axe: str, size: tuple[int, int], locale: str
) -> None:
    page = await open_page(f"{server.origin}/trust", size=size, locale=locale)
    await page.locator(f"html[lang^={locale[:2]}]").wait_for(state="attached")
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    await check(page, axe, "trust")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@SIZES
@LOCALES
async def test_sending(
    open_page: PageFactory,
    axe: str,
    size: tuple[int, int],
    locale: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The panel that sends on the teacher page, its invitation, and the page of the phone that takes it."""
    monkeypatch.setenv("CLASSROOM_HOME", str(tmp_path))
    text = LESSON.replace("sources:\n", "sources:\n  laptop: {kind: browser}\n", 1)
    text = text.replace("lesson: {", f"lesson: {{language: {locale[:2]}, ", 1)
    async with broadcasting(f"{text}server: {{tls: auto, tls_port: 0}}\n") as lesson:
        base = f"http://127.0.0.1:{lesson.port}"
        board = await open_page(f"{base}/teach#token={quote(TOKEN)}", size=size, locale=locale)
        await board.locator("[data-send-camera=laptop]").click()
        await board.locator("[data-send-state=sending]").wait_for()
        await check(board, axe, "sending")
        await board.locator("[data-invite=laptop]").click()
        await board.locator(".invite-code").wait_for()
        await check(board, axe, "invitation")
        address = str(lesson.feature(PublishingFeature).invite("laptop")["address"])
        phone = await open_page(address, size=size, locale=locale)
        await phone.locator("body[data-send=ready]").wait_for(state="attached")
        await check(phone, axe, "ready to send")
        await phone.locator("#send-camera").click()
        await phone.locator("body[data-send=sending]").wait_for(state="attached")
        await check(phone, axe, "the phone sends")
        assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await board.locator("[data-send-fault=replaced]").wait_for()
        lesson.feature(PublishingFeature).revoke("laptop")
        await phone.locator("body[data-send=denied]").wait_for(state="attached")
        await check(phone, axe, "a link that is not valid")
        insecure = f"http://198.51.100.7:{lesson.port}{lesson.feature(PublishingFeature).invite('laptop')['path']}"
        plain = await open_page(insecure, size=size, locale=locale)
        await plain.locator("body[data-send=insecure]").wait_for(state="attached")
        await check(plain, axe, "over plain http")
