"""A network that has only IPv6: two computers, no address of IPv4 between them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.net.inside import inside, page_inside
from tests.net.network import unavailable
from tests.support.process import teaching
from tests.support.watching import Watcher

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")

WITHOUT_MDNS = "--disable-features=WebRtcHideLocalIpsWithMdns"
"""Chromium 156 hides addresses behind names of mDNS, and waits for ever for such a name where there is no IPv4."""

LESSON = "sources: {bars: {kind: pattern}}\nscenes: {talk: bars}\nrecording: {start: never}\n"


async def ip(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec("ip", *arguments)
    assert await process.wait() == 0, arguments


@contextlib.asynccontextmanager
async def two_computers() -> AsyncIterator[tuple[str, str]]:
    """The namespaces of teacher and student, with 2001:db8::/64 between them."""
    names = f"six{os.getpid()}t", f"six{os.getpid()}s"
    for name in names:
        await ip("netns", "add", name)
    try:
        cards = "eth7", "eth8"
        await ip(
            "link", "add", cards[0], "netns", names[0], "type", "veth", "peer", "name", cards[1], "netns", names[1]
        )
        for number, (name, card) in enumerate(zip(names, cards, strict=True), start=1):
            await ip("-n", name, "address", "add", f"2001:db8::{number}/64", "dev", card, "nodad")
            await ip("-n", name, "link", "set", card, "up")
            await ip("-n", name, "link", "set", "lo", "up")
            # Browsers take the address by which they would reach the internet.
            await ip("-n", name, "-6", "route", "add", "default", "via", f"2001:db8::{3 - number}")
        yield names
    finally:
        for name in names:
            await ip("netns", "del", name)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_students_are_told_an_address_of_ipv6_and_see_the_lesson_there(host: str, tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    async with two_computers() as (teacher, student):
        async with teaching(str(file), "--port", "0", host=host, within=inside(teacher)) as running:
            [line] = [line for line in running.lines if line.startswith("Students:")]
            address = line.split()[1]
            assert address == f"http://[2001:db8::1]:{running.port}/"
            async with page_inside(student, tmp_path, arguments=[WITHOUT_MDNS]) as page:
                await page.goto(address)
                watcher = Watcher(page)
                await watcher.join()
                await watcher.state("live")
                await page.wait_for_function("() => probe.frames.length > 30", timeout=60_000)
                assert await watcher.connections() == 1
