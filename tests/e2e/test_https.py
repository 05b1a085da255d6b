"""https in a browser that trusts the lesson's authority as the page /trust explains it, and in one that does not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from tests.support.browser import ARGUMENTS, PageFactory, find_browser, state_is, until_true
from tests.support.process import Running, teaching

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LESSON = """
lesson: {title: "Behind a lock"}
server: {tls: auto, tls_port: 0}
sources: {bars: {kind: pattern, size: 320x240, fps: 15}}
scenes: {talk: bars}
program: {size: 320x240, fps: 15}
recording: {start: never}
"""

CAMERA = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const kinds = stream.getTracks().map((track) => `${track.kind} ${track.readyState}`).sort();
  for (const track of stream.getTracks()) track.stop();
  return kinds;
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def lesson(tmp_path: Path) -> AsyncIterator[Running]:
    file = tmp_path / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    env = {"DISPLAY": None, "CLASSROOM_HOME": str(tmp_path / "home")}
    async with teaching(str(file), "--port", "0", env=env) as running:
        assert running.process.stdout is not None
        for _ in range(2):
            line = await asyncio.wait_for(running.process.stdout.readline(), 30)
            running.lines.append(line.decode().strip())
        assert running.lines[-1] == f"Trust:     {running.base}/trust"
        yield running


def secure_teacher(running: Running) -> str:
    """The address with https that the terminal shows for the teacher."""
    return next(line for line in running.lines if line.startswith("https://"))


@contextlib.asynccontextmanager
async def trusting_browser(home: Path, certificate: bytes) -> AsyncIterator[Browser]:
    """A browser of a user who has put this certificate among the trusted ones."""
    tool = shutil.which("certutil")
    if tool is None:
        if os.environ.get("CI"):
            pytest.fail("There is no certutil. Install libnss3-tools.")
        pytest.skip("no certutil on this machine; it is in libnss3-tools")
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    file = home / "classroom-authority.crt"
    file.write_bytes(certificate)
    for command in (
        ("-N", "--empty-password"),
        ("-A", "-t", "C,,", "-n", "classroom", "-i", str(file)),
    ):
        process = await asyncio.create_subprocess_exec(
            tool, "-d", f"sql:{store}", *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, out.decode()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(find_browser()), args=ARGUMENTS, env={**os.environ, "HOME": str(home)}
        )
        yield browser
        await browser.close()


async def download(address: str) -> bytes:
    def read() -> bytes:
        with urllib.request.urlopen(address) as response:
            return bytes(response.read())

    return await asyncio.to_thread(read)


async def new_page(browser: Browser, faults: list[str]) -> Page:
    page = await browser.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    return page


async def test_with_trust_everything_works_over_https(lesson: Running, tmp_path: Path) -> None:
    teacher_address = secure_teacher(lesson)
    origin = teacher_address.partition("/teach")[0]
    faults: list[str] = []
    certificate = await download(f"{lesson.base}/trust/classroom-authority.crt")
    async with trusting_browser(tmp_path / "user", certificate) as browser:
        student = await new_page(browser, faults)
        response = await student.goto(f"{origin}/")
        assert response is not None
        details = await response.security_details()
        assert details is not None
        assert str(details["issuer"]).startswith("classroom lessons on ")
        assert details["protocol"] == "TLS 1.3"
        assert await student.evaluate("isSecureContext")
        assert await student.evaluate(CAMERA) == ["audio live", "video live"]
        await student.locator("#name").fill("Ada")
        await student.locator("#join-button").click()
        await state_is(student, "live")

        teacher = await new_page(browser, faults)
        sockets: list[str] = []
        teacher.on("websocket", lambda socket: sockets.append(socket.url))
        await teacher.goto(teacher_address)
        await teacher.locator("body[data-control=open]").wait_for(state="attached")
        await teacher.locator("[data-student]").wait_for()
        assert sockets == [f"{origin.replace('https', 'wss')}/control"]
        assert await teacher.evaluate(CAMERA) == ["audio live", "video live"]
        assert await teacher.evaluate("typeof navigator.mediaDevices.getDisplayMedia") == "function"
        assert faults == []


async def test_without_trust_the_browser_warns(lesson: Running, tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(find_browser()), args=ARGUMENTS, env={**os.environ, "HOME": str(tmp_path)}
        )
        page = await browser.new_page()
        with pytest.raises(PlaywrightError, match="ERR_CERT_AUTHORITY_INVALID"):
            await page.goto(secure_teacher(lesson))
        await browser.close()


async def test_the_code_is_shown_large_and_goes_by_escape(lesson: Running, open_page: PageFactory) -> None:
    page = await open_page(lesson.teacher)
    await page.locator("#join-show").click()
    picture = page.locator("#join-dialog img")
    await picture.wait_for(state="visible")
    assert await picture.get_attribute("alt") == f"QR code of {lesson.base}/"
    assert await page.locator("#join-dialog .join-large").inner_text() == f"{lesson.base}/"
    await until_true(page, "document.querySelector('#join-dialog img').naturalWidth > 0")
    await until_true(page, "document.fullscreenElement !== null")
    await page.keyboard.press("Escape")
    await until_true(page, "!document.querySelector('#join-dialog').open && !document.fullscreenElement")
    assert await page.evaluate("document.activeElement.id") == "join-show"


async def test_an_address_is_copied(lesson: Running, open_page: PageFactory) -> None:
    page = await open_page(lesson.teacher, permissions=["clipboard-read", "clipboard-write"])
    await page.locator("[data-copy]").first.click()
    await page.get_by_role("button", name="Copied.").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == f"{lesson.base}/"
    await page.locator(".secure summary").click()
    fingerprint = await page.locator("#fingerprint").inner_text()
    async with page.expect_popup() as opened:
        await page.locator(".secure a[href='trust']").click()
    trust = await opened.value
    assert await trust.locator(".fingerprint").inner_text() == fingerprint
