"""The teacher page behind a proxy that does not pass on the name it was asked by."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.support.broadcast import LESSON, TOKEN, broadcasting
from tests.support.browser import PageFactory
from tests.support.free_port import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")


@contextlib.asynccontextmanager
async def proxy(port: int, lesson: int) -> AsyncIterator[None]:
    """A proxy that asks by the lesson's own address, as nginx does by default."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", lesson)
        to_writer.write(re.sub(rb"\r\nHost: [^\r]*", b"\r\nHost: 127.0.0.1:%d" % lesson, head))
        await asyncio.gather(carry(reader, to_writer), carry(to_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield


@pytest.mark.parametrize(("language", "said"), [("en-GB", "connection is blocked"), ("zh-CN", "控制连接无法建立")])
async def test_a_refused_control_connection_is_told_with_what_to_set(
    open_page: PageFactory, language: str, said: str
) -> None:
    port = free_port()
    async with broadcasting(LESSON) as lesson, proxy(port, lesson.port):
        page = await open_page(f"http://localhost:{port}/teach#token={quote(TOKEN)}", locale=language)
        await expect(page.locator("main")).to_contain_text(said, timeout=40_000)
        await expect(page.locator("main")).to_contain_text(f'server: {{address: "http://localhost:{port}"')


async def test_with_what_was_told_the_page_is_connected(open_page: PageFactory) -> None:
    port = free_port()
    text = f"{LESSON}server: {{address: 'http://localhost:{port}', proxies: [127.0.0.1]}}\n"
    async with broadcasting(text) as lesson, proxy(port, lesson.port):
        page = await open_page(f"http://localhost:{port}/teach#token={quote(TOKEN)}")
        await page.locator("[data-scene-button=talk]").wait_for(timeout=40_000)
