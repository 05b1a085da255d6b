"""A lesson behind nginx and Caddy, as ``docs/proxy.md`` tells to set them up, with TLS and under a path."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from classroom.broadcaster import Broadcaster
from tests.support.broadcast import TOKEN, broadcasting, eventually
from tests.support.browser import PageFactory, state_is
from tests.support.free_port import free_port
from tests.support.process import classroom
from tests.support.proxies import HostLine, Kind, Proxy, proxy_in_front
from tests.support.watching import watcher

pytestmark = pytest.mark.asyncio(loop_scope="session")

LESSON = """
lesson: {{title: "Behind a proxy"}}
server: {{tls: none, address: "{address}", proxies: [127.0.0.1], path: "{path}", announce: false}}
sources:
  bars: {{kind: pattern, size: 320x180, fps: 15}}
  red: {{kind: card, title: "Red"}}
  laptop: {{kind: browser}}
scenes: {{bars: bars, red: red, laptop: laptop}}
program: {{size: 320x180, fps: 15, fallback: bars}}
recording: {{start: never}}
"""

PROXIES: tuple[Kind, ...] = ("nginx", "caddy")


@contextlib.asynccontextmanager
async def behind(
    kind: Kind,
    folder: Path,
    *,
    path: str = "",
    strips: bool = False,
    limit: int | None = None,
    host: HostLine = "$http_host",
    keeps: bool = False,
) -> AsyncIterator[tuple[Broadcaster, Proxy]]:
    """A lesson with a proxy in front of it, which it knows by its address."""
    port = free_port()
    text = LESSON.format(address=f"https://localhost:{port}{path}", path=path or "/")
    async with (
        broadcasting(text) as running,
        proxy_in_front(
            kind, folder, running.port, port=port, path=path, strips=strips, limit=limit, host=host, keeps=keeps
        ) as proxy,
    ):
        yield running, proxy


class Traffic:
    """What a page asked for and was answered."""

    def __init__(self, page: Page) -> None:
        self.asked: Counter[str] = Counter()
        self.answers: Counter[tuple[str, int]] = Counter()
        page.on("request", lambda request: self.asked.update([self._last(request.url)]))
        page.on("response", lambda reply: self.answers.update([(self._last(reply.url), reply.status)]))
        page.on("websocket", lambda socket: self.asked.update([self._last(socket.url)]))

    @staticmethod
    def _last(url: str) -> str:
        return url.partition("?")[0].partition("#")[0].rpartition("/")[2]

    def waits(self) -> int:
        """How many waits were answered, by the lesson or by the proxy."""
        return sum(count for (name, _), count in self.answers.items() if name == "wait")


async def teach(open_page: PageFactory, proxy: Proxy) -> Page:
    return await open_page(f"{proxy.address}/teach#token={quote(TOKEN)}")


@pytest.mark.parametrize(("kind", "limit"), [("nginx", 2), ("caddy", 2), ("nginx", 5)])
async def test_a_student_goes_on_watching_over_many_time_limits(
    browser: Browser, tmp_path: Path, kind: Kind, limit: int
) -> None:
    async with (
        behind(kind, tmp_path, limit=limit) as (running, proxy),
        watcher(browser, f"{proxy.address}/", ignore_https_errors=True) as student,
    ):
        traffic = Traffic(student.page)
        await student.join()
        await student.state("live")
        before = traffic.waits()
        await eventually(lambda: traffic.answers["wait", 504] > 0, what="the proxy ends a wait")
        await eventually(lambda: traffic.waits() >= before + 4, what="four more waits")
        shown = (await student.frames())[-1]

        async def goes_on() -> bool:
            return (await student.frames())[-1] > shown

        await eventually(goes_on, what="pictures go on")
        await student.state("live")
        assert traffic.asked["sign_in"] == 1
        assert await student.connections() == 1
        if limit > 4:  # then the page asks for an answer before the proxy loses patience
            assert traffic.answers["wait", 504] == 1
        assert [each["state"] for each in _students(running)] == ["watching"]


def scene_of(running: Broadcaster) -> str:
    program = running.state()["program"]
    assert isinstance(program, dict)
    return str(program["scene"])


def _students(running: Broadcaster) -> list[dict[str, str]]:
    students = running.state()["students"]
    assert isinstance(students, dict)
    return list(students.values())


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("strips", [False, True], ids=["passed on", "stripped"])
async def test_all_of_a_lesson_stands_under_a_path(
    open_page: PageFactory, tmp_path: Path, kind: Kind, strips: bool
) -> None:
    async with behind(kind, tmp_path, path="/school/lesson", strips=strips) as (running, proxy):
        outside: list[str] = []
        student = await open_page(proxy.address)  # the slash left out
        assert student.url == f"{proxy.address}/"
        board = await teach(open_page, proxy)
        for page in (student, board):
            page.on("request", lambda request: outside.append(request.url))
        await student.locator("#name").fill("Ada")
        await student.locator("#join-button").click()
        await state_is(student, "live")
        await board.locator("[data-scene-button=red]").click()
        await eventually(lambda: scene_of(running) == "red")
        await expect(board.locator("tr[data-student]")).to_contain_text("Ada")
        trust = await open_page(f"{proxy.address}/trust")
        await trust.locator("a.button").click()
        await expect(trust.locator("#join-button")).to_be_enabled()
        assert trust.url == f"{proxy.address}/"
        sender = await open_page(f"{proxy.address}/send#source=laptop&key=wrong")
        await sender.locator("body[data-control=denied], body[data-state=denied], main").first.wait_for()
        lost = await open_page(f"{proxy.address}/nothing")
        await lost.get_by_role("link").click()
        await expect(lost.locator("#join-button")).to_be_enabled()
        assert lost.url == f"{proxy.address}/"
        code = await student.context.request.get(f"{proxy.address}/join.svg")
        assert code.status == 200
        assert [url for url in outside if not url.startswith(f"{proxy.address}/")] == []


HOSTS: list[tuple[Kind, HostLine, bool]] = [
    ("nginx", "$http_host", False),
    ("nginx", "$host", False),
    ("nginx", "", False),
    ("nginx", "$http_host", True),
    ("caddy", "$http_host", True),
]


@pytest.mark.parametrize(("kind", "host", "keeps"), HOSTS, ids=lambda value: str(value) or "nothing")
async def test_a_teacher_commands_through_it_by_whatever_name_it_asks(
    open_page: PageFactory, tmp_path: Path, kind: Kind, host: HostLine, keeps: bool
) -> None:
    async with behind(kind, tmp_path, host=host, keeps=keeps) as (running, proxy):
        # Ordinary requests first, so that a proxy that keeps its connections has some to use again.
        board = await open_page(f"{proxy.address}/trust")
        control = Traffic(board)
        await board.goto(f"{proxy.address}/teach#token={quote(TOKEN)}")
        for scene in itertools.islice(itertools.cycle(["red", "bars"]), 3):
            await board.locator(f"[data-scene-button={scene}]").click()
            await eventually(lambda scene=scene: scene_of(running) == scene)
        await board.reload()
        await board.locator("[data-scene-button=red]").wait_for()
        assert control.asked["control"] == control.asked["teach"], "each time at the first try"


@pytest.mark.parametrize("kind", PROXIES)
async def test_people_are_told_the_outer_address_and_a_program_finds_its_way(tmp_path: Path, kind: Kind) -> None:
    async with behind(kind, tmp_path, path="/lesson") as (_, proxy):
        done = await classroom(
            *("remote", f"{proxy.address}/teach", "hello", "--token", TOKEN),
            env={"SSL_CERT_FILE": str(proxy.authority)},
        )
        assert done.code == 0, done.err
        told = json.loads(done.out)["state"]["lesson"]
        assert told["addresses"][0] == f"{proxy.address}/"
        async with aiohttp.ClientSession() as session:
            if kind == "nginx":
                async with session.get(f"{proxy.plain}/x", allow_redirects=False, headers={"Host": "localhost"}) as to:
                    assert (to.status, to.headers["Location"]) == (301, "https://localhost/x")
            async with session.get(f"{proxy.address}/metrics", ssl=False) as figures:
                assert figures.status == 403  # who comes through a proxy does not sit at this computer


async def test_old_clients_find_the_signaling_at_the_root(tmp_path: Path) -> None:
    async with behind("nginx", tmp_path, path="/lesson", limit=1) as (_, proxy), aiohttp.ClientSession() as session:
        root = proxy.address.removesuffix("/lesson")
        async with session.get(f"{root}/sign_in?old@client", ssl=False) as reply:
            assert reply.status == 200
            number = reply.headers["Pragma"]
        # Their wait is not ended with the others', as they would then leave.
        waiting = asyncio.create_task(_wait(session, f"{root}/wait?peer_id={number}"))
        status, body = await asyncio.wait_for(waiting, 30)
        assert (status, json.loads(body)["type"]) == (200, "offer")
        waiting = asyncio.create_task(_wait(session, f"{root}/wait?peer_id={number}"))
        await asyncio.sleep(2.5)
        assert not waiting.done()
        waiting.cancel()


async def _wait(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(url, ssl=False) as reply:
        return reply.status, await reply.text()


@pytest.mark.parametrize("kind", PROXIES)
async def test_where_no_lesson_runs_the_student_is_told_so_and_gets_in_later(
    open_page: PageFactory, tmp_path: Path, kind: Kind
) -> None:
    async with behind(kind, tmp_path) as (running, proxy):
        student = await open_page(f"{proxy.address}/")
        await expect(student.locator("#join-button")).to_be_enabled()
        lesson, text = running.port, LESSON.format(address=proxy.address, path="/")
        await running.__aexit__(None, None, None)
        await student.locator("#name").fill("Ada")
        await student.locator("#join-button").click()
        headline = student.locator("#notice-headline")
        await expect(headline).to_have_text("There is no lesson at this address right now")
        async with broadcasting(text, port=lesson):
            await state_is(student, "live")


@pytest.mark.long
@pytest.mark.parametrize("kind", PROXIES)
async def test_at_the_proxys_own_time_limits_nothing_blinks_for_150_seconds(
    browser: Browser, open_page: PageFactory, tmp_path: Path, kind: Kind
) -> None:
    async with (
        behind(kind, tmp_path) as (running, proxy),
        watcher(browser, f"{proxy.address}/", ignore_https_errors=True) as student,
    ):
        board = await open_page("about:blank")
        traffic, control = Traffic(student.page), Traffic(board)
        await board.goto(f"{proxy.address}/teach#token={quote(TOKEN)}")
        await student.join()
        await student.state("live")
        await student.page.evaluate(
            """() => {
                window.states = [];
                new MutationObserver(() => window.states.push(document.body.dataset.state))
                    .observe(document.body, { attributes: true, attributeFilter: ['data-state'] });
            }"""
        )
        await asyncio.sleep(150)
        assert await student.page.evaluate("window.states.filter((state) => state !== 'live')") == []
        assert await student.connections() == 1
        assert traffic.asked["sign_in"] == 1
        assert traffic.answers["wait", 504] == 0
        assert traffic.waits() >= 5
        assert control.asked["control"] == 1
        await board.locator("[data-scene-button=red]").click()
        await eventually(lambda: scene_of(running) == "red")
