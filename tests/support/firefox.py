"""A real Firefox for tests of the pages, driven over WebDriver BiDi; each page has a profile of its own.

Playwright drives only a Firefox that it has patched itself. This one is the system's, as people have it, and the few
commands that the tests need are sent as they are (https://w3c.github.io/webdriver-bidi/).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.browser import DESKTOP
from tests.support.watching import PROBE

__all__ = ["Firefox", "FirefoxPage", "find_firefox", "firefox"]

_PREFERENCES: dict[str, bool | int | str] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    # OpenH264 is not to be fetched while a test runs: whether it is there would depend on the network.
    "media.gmp-manager.updateEnabled": False,
    "intl.accept_languages": "en-US",
    "intl.locale.requested": "en-US",
}

_STARTS_WITHIN = 60.0
_ANSWERS_WITHIN = 60.0


def find_firefox() -> Path:
    """Where the browser is; the test is skipped where there is none, except where CI says there must be."""
    found = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("No Firefox was found. Install it, or name it in the environment variable FIREFOX.")
        pytest.skip("no Firefox on this machine; name one in the environment variable FIREFOX")
    return Path(found)


class FirefoxPage:
    """One open page."""

    def __init__(self, browser: Firefox, context: str, profile: str) -> None:
        self._browser, self._context, self._profile = browser, context, profile

    @property
    def faults(self) -> list[str]:
        """What its console complained of: errors that nobody caught, and what was logged as an error."""
        return self._browser.faults.get(self._context, [])

    async def go(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        await self._browser.command("browsingContext.navigate", context=self._context, url=address, wait="complete")

    async def evaluate(self, expression: str, argument: Any = None) -> Any:
        """The value of an expression as JSON has it; a function is called with the argument, a promise awaited."""
        wrapped = (
            f"(async (given) => {{ const value = ({expression}); "
            "return JSON.stringify(await (typeof value === 'function' ? value(given) : value)) ?? 'null'; })"
            f"({json.dumps(argument)})"
        )
        answer = await self._browser.command(
            "script.evaluate", expression=wrapped, target={"context": self._context}, awaitPromise=True
        )
        if answer["type"] == "exception":
            raise AssertionError(f"{expression}: {answer['exceptionDetails']['text']}")
        return json.loads(answer["result"]["value"])

    async def until(self, expression: str, argument: Any = None, *, within: float = 60.0) -> Any:
        """Wait until an expression is true; its value."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not (value := await self.evaluate(expression, argument)):
            assert loop.time() < deadline, f"not true within {within:g} s: {expression}"
            await asyncio.sleep(0.05)
        return value

    async def shows(self, selector: str, *, within: float = 30.0) -> None:
        """Wait until there is such an element, seen or not."""
        await self.until("(selector) => document.querySelector(selector) !== null", selector, within=within)

    async def click(self, selector: str) -> None:
        """Press the primary button over the middle of an element, as a person does, which browsers count."""
        place = await self.until(
            """(selector) => {
                const found = document.querySelector(selector);
                if (!found || found.disabled) return null;
                found.scrollIntoView({block: 'center', behavior: 'instant'});
                const box = found.getBoundingClientRect();
                return box.width && [Math.floor(box.x + box.width / 2), Math.floor(box.y + box.height / 2)];
            }""",
            selector,
        )
        steps = [
            {"type": "pointerMove", "x": place[0], "y": place[1]},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        pointer = {"type": "pointer", "id": "mouse", "actions": steps}
        await self._browser.command("input.performActions", context=self._context, actions=[pointer])

    async def type(self, text: str) -> None:
        """Press keys, one after the other."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": keys}]
        await self._browser.command("input.performActions", context=self._context, actions=actions)

    async def resize(self, size: tuple[int, int]) -> None:
        """Give the page another size, in CSS pixels."""
        viewport = {"width": size[0], "height": size[1]}
        await self._browser.command("browsingContext.setViewport", context=self._context, viewport=viewport)

    async def screenshot(self) -> bytes:
        """What is to be seen of it, as a PNG."""
        answer = await self._browser.command("browsingContext.captureScreenshot", context=self._context)
        return base64.b64decode(answer["data"])

    async def close(self) -> None:
        """Close the page and forget its profile."""
        await self._browser.command("browser.removeUserContext", userContext=self._profile)


class Firefox:
    """A running browser, by its BiDi session."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.faults: dict[str, list[str]] = {}

    async def listen(self) -> None:
        """Take what the browser says until it says no more."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self._connection:
                said = json.loads(text)
                if said["type"] == "event":
                    self._note(said["params"])
                elif (asked := self._asked.pop(said["id"], None)) is not None:
                    asked.set_result(said)

    async def command(self, method: str, /, **parameters: Any) -> Any:
        """The result of a command; AssertionError where the browser refuses it."""
        number = next(self._numbers)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        answer = await asyncio.wait_for(asked, _ANSWERS_WITHIN)
        assert answer["type"] == "success", f"{method}: {answer['error']}: {answer['message']}"
        return answer["result"]

    async def open(self, address: str, *, size: tuple[int, int] = DESKTOP) -> FirefoxPage:
        """A page in a new profile, with the probe of ``watching.py`` in it."""
        profile = (await self.command("browser.createUserContext"))["userContext"]
        created = await self.command("browsingContext.create", type="tab", userContext=profile)
        page = FirefoxPage(self, created["context"], profile)
        await page.resize(size)
        await page.go(address)
        return page

    def _note(self, entry: dict[str, Any]) -> None:
        if entry["level"] == "error":
            context = entry["source"].get("context", "")
            self.faults.setdefault(context, []).append(entry.get("text") or "")


@contextlib.asynccontextmanager
async def firefox(preferences: Mapping[str, bool | int | str] | None = None) -> AsyncIterator[Firefox]:
    """Start Firefox without a window, with these preferences besides; it is stopped in the end."""
    found = find_firefox()
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as profile:
        chosen = {**_PREFERENCES, **(preferences or {})}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in chosen.items()]
        await asyncio.to_thread(Path(profile, "user.js").write_text, "\n".join(lines), "utf-8")
        process = await asyncio.create_subprocess_exec(
            *(found, "--headless", "--remote-debugging-port=0", "--profile", profile, "--no-remote"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        reading: asyncio.Task[None] | None = None
        try:
            address = await asyncio.wait_for(_address(process.stderr), _STARTS_WITHIN)
            reading = asyncio.create_task(_to_the_end(process.stderr), name="what Firefox says")
            async with connect(f"{address}/session", max_size=None) as connection:
                browser = Firefox(connection)
                listening = asyncio.create_task(browser.listen(), name="Firefox")
                await browser.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
                await browser.command("session.subscribe", events=["log.entryAdded"])
                await browser.command("script.addPreloadScript", functionDeclaration=f"() => {{{PROBE}}}")
                yield browser
            await listening
        finally:
            process.terminate()
            await process.wait()
            if reading is not None:
                await reading


async def _address(stream: asyncio.StreamReader) -> str:
    """Where the browser listens, which it says when it does."""
    said = ""
    while line := (await stream.readline()).decode(errors="replace"):
        if match := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
            return match[1]
        said += line
    raise AssertionError(f"Firefox ended: {said}")


async def _to_the_end(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass
