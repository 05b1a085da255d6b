"""The lesson is found by whoever browses the network, and gone when it ends; multicast on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from classroom.server.addresses import announced_host
from classroom.server.announce import SERVICES, Announcement, can_announce, listened_addresses
from tests.support.broadcast import eventually

zeroconf = pytest.importorskip("zeroconf", reason="the extra 'announce' is not installed")

from zeroconf import ServiceStateChange, Zeroconf  # noqa: E402
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf  # noqa: E402

LOOPBACK = "127.0.0.1"


class Browsing:
    """What somebody sees who browses for lessons."""

    def __init__(self, responder: AsyncZeroconf) -> None:
        self.responder = responder
        self.seen: set[str] = set()

    def changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Removed:
            self.seen.discard(name)
        else:
            self.seen.add(name)

    async def details(self, service: str, title: str) -> AsyncServiceInfo:
        info = await self.responder.async_get_service_info(service, f"{title}.{service}", 10_000)
        assert info is not None
        return info


@contextlib.asynccontextmanager
async def browsing() -> AsyncIterator[Browsing]:
    responder = AsyncZeroconf(interfaces=[LOOPBACK])
    seen = Browsing(responder)
    browser = AsyncServiceBrowser(responder.zeroconf, list(SERVICES), handlers=[seen.changed])
    try:
        yield seen
    finally:
        await browser.async_cancel()
        await responder.async_close()


@contextlib.asynccontextmanager
async def announcing(title: str, addresses: list[str], port: int = 8888) -> AsyncIterator[None]:
    announcement = Announcement(title=title, port=port, tls_port=8443, addresses=lambda: addresses)
    task = asyncio.create_task(announcement.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_lesson_is_found_and_gone_when_it_ends() -> None:
    title = "线性代数, week 3. Dr. Ø"
    names = {f"{title}.{service}" for service in SERVICES}
    async with browsing() as browser:
        async with announcing(title, [LOOPBACK]):
            await eventually(lambda: names <= browser.seen)
            info = await browser.details(SERVICES[1], title)
            assert info.port == 8888
            assert info.parsed_addresses() == [LOOPBACK]
            assert info.server == f"{announced_host()}."
            assert info.decoded_properties == {"path": "/", "https": "8443"}
        await eventually(lambda: not names & browser.seen)


async def test_two_lessons_of_one_title_are_both_found() -> None:
    async with browsing() as browser, announcing("Twins", [LOOPBACK]):
        await eventually(lambda: sum(name.startswith("Twins") for name in browser.seen) == 2)
        async with announcing("Twins", [LOOPBACK], port=9999):
            await eventually(lambda: sum(name.startswith("Twins") for name in browser.seen) == 4)


@pytest.mark.parametrize("title", ["", "…" * 200, "a\nb\x00", "." * 5, "教" * 63])
async def test_any_title_can_be_announced(title: str) -> None:
    async with browsing() as browser:
        before = len(browser.seen)
        async with announcing(title, [LOOPBACK]):
            await eventually(lambda: len(browser.seen) >= before + 2)


async def test_addresses_that_are_not_there_cost_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with announcing("Lost", ["203.0.113.9"]):
        await eventually(lambda: "cannot be announced" in caplog.text)


async def test_a_new_address_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classroom.server.announce._LOOK_EVERY", 0.05)
    addresses: list[str] = []
    async with browsing() as browser, announcing("Later", addresses):
        assert not any(name.startswith("Later") for name in browser.seen)
        addresses.append(LOOPBACK)
        await eventually(lambda: any(name.startswith("Later") for name in browser.seen))
        addresses.clear()
        await eventually(lambda: not any(name.startswith("Later") for name in browser.seen))


@pytest.mark.parametrize("fault", [OSError(101, "Network is unreachable"), RuntimeError("loop"), AssertionError()])
async def test_a_network_that_goes_away_costs_one_line_and_is_tried_again(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Stands in for a cable that is pulled: everything that is said to the network fails, the goodbye as well."""
    monkeypatch.setattr("classroom.server.announce._LOOK_EVERY", 0.05)
    tries: list[None] = []

    async def fails(*_: object, **__: object) -> None:
        tries.append(None)
        raise fault

    announcement = Announcement(title="Gone", port=8888, tls_port=None, addresses=lambda: [LOOPBACK])
    with monkeypatch.context() as pulled:
        pulled.setattr("zeroconf.asyncio.AsyncZeroconf.async_register_service", fails)
        pulled.setattr("zeroconf.asyncio.AsyncZeroconf.async_unregister_all_services", fails)
        task = asyncio.create_task(announcement.run())
        await eventually(lambda: len(tries) >= 4)
        assert not task.done()
    async with browsing() as browser:
        await eventually(lambda: any(name.startswith("Gone") for name in browser.seen))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    lines = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert len(lines) == 1, caplog.text
    assert not lines[0].exc_info


def test_what_only_this_computer_reaches_is_not_announced() -> None:
    assert can_announce()
    assert listened_addresses("127.0.0.1") == []
    assert listened_addresses("localhost") == []
    assert LOOPBACK not in listened_addresses("0.0.0.0")


async def test_without_the_extra_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classroom.server.announce.can_announce", lambda: False)
    await asyncio.wait_for(Announcement(title="x", port=1, tls_port=None, addresses=lambda: [LOOPBACK]).run(), 5)
