"""Who asks, by which name and from which page, over real sockets: strangers' names, foreign pages, and proxies."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.typing import Origin

from classroom.common.limits import Limits
from classroom.server.checkpoint import Checkpoint
from classroom.server.client_address import Proxies
from classroom.server.host_names import HostNames
from classroom.signaling import Room, wire
from classroom.signaling.http import OpenAccess
from tests.support.broadcast import LESSON, TOKEN, broadcasting
from tests.support.port import OpenPort, RawConnection, ask, open_port, until

EVERY_PATH = ("/", "/teach", "/healthz", "/metrics", "/assets/lib/control.js", "/trust", "/join.svg", "/nothing",
              "/sign_in?Eve", "/wait?peer_id=1", "/message?peer_id=1&to=2", "/sign_out?peer_id=1")  # fmt: skip


def known(*names: str) -> HostNames:
    found = HostNames(lambda: names)
    found.refresh()
    return found


async def get(port: int, path: str, *lines: str, version: str = "1.1") -> bytes:
    head = "\r\n".join((f"GET {path} HTTP/{version}", *lines, "Connection: close", "", ""))
    return await ask(port, head.encode())


def status(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])


async def test_a_page_whose_name_was_pointed_at_the_lesson_gets_nothing_of_it() -> None:
    async with broadcasting() as lesson:
        for path in EVERY_PATH:
            reply = await get(lesson.port, path, "Host: evil.example", "Origin: http://evil.example")
            assert status(reply) == 421, path
            assert b"classroom_" not in reply
            assert b'server: {address: "http://evil.example"}' in reply
        for port in (lesson.port, 80):
            host = f"evil.example:{port}"
            opening = connect(
                f"ws://{host}/control", host="127.0.0.1", port=lesson.port, origin=Origin(f"http://{host}")
            )
            with pytest.raises(websockets.InvalidStatus) as refused:
                await opening
            assert refused.value.response.status_code == 421
            assert b"server.address" in (refused.value.response.body or b"")
        assert len(lesson.state()["students"]) == 0  # type: ignore[arg-type]


async def test_the_sentence_is_text_whatever_the_name_is() -> None:
    async with broadcasting() as lesson:
        reply = await get(lesson.port, "/", "Host: <script>alert(1)</script>")
        assert status(reply) in (400, 421)
        assert b"<script>" not in reply


async def test_a_lesson_is_found_by_its_addresses_and_names_and_by_old_clients_that_name_none() -> None:
    text = LESSON + "server: {address: 'http://Lab.school.example:8888'}\n"
    async with broadcasting(text) as lesson:
        for host in ("127.0.0.1", f"localhost:{lesson.port}", "192.0.2.7:80", "[2001:db8::7]", "lab.school.example"):
            assert status(await get(lesson.port, "/healthz", f"Host: {host}")) == 200, host
        for version in ("1.0", "1.1"):
            assert status(await get(lesson.port, "/sign_in?Ada", version=version)) == 200


async def test_a_star_stands_for_one_label() -> None:
    checkpoint = Checkpoint(names=known("*.school.example"))
    async with open_port(checkpoint=checkpoint) as opened:
        assert status(await get(opened.port, "/healthz", "Host: lesson.school.example")) == 200
        assert status(await get(opened.port, "/healthz", "Host: lesson.evil.example")) == 421


async def test_unknown_names_do_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with open_port(checkpoint=Checkpoint(names=known())) as opened:
        for number in range(60):
            await get(opened.port, "/", f"Host: evil{number}.example")
    assert 0 < len(caplog.records) < 10


# Pages of other origins


async def test_an_open_lesson_takes_students_from_any_page_as_the_original_does() -> None:
    async with broadcasting() as lesson:
        for origin in ("http://old-page.example", "null", f"http://127.0.0.1:{lesson.port}"):
            reply = await get(lesson.port, "/sign_in?Ada", "Host: 127.0.0.1", f"Origin: {origin}")
            assert status(reply) == 200
            assert b"\r\nAccess-Control-Allow-Origin: *\r\n" in reply
            assert b"\r\nVary:" not in reply


@pytest.mark.parametrize("access", ["{passcode: tango}", "{admit: approve}", "{origins: own}"])
async def test_a_page_of_another_origin_cannot_come_into_a_closed_lesson(access: str) -> None:
    async with broadcasting(f"{LESSON}access: {access}\n") as lesson:
        sign_in = "/sign_in?Ada&pass=tango"
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
            reply = await get(lesson.port, sign_in, f"Host: 127.0.0.1:{lesson.port}", f"Origin: {origin}")
            assert status(reply) == 403
            assert b"Access-Control-Allow-Origin" not in reply
            assert b"\r\nX-Classroom-Refused: origin\r\n" in reply
            for path in ("/wait?peer_id=1", "/message?peer_id=1&to=2", "/sign_out?peer_id=1"):
                reply = await get(lesson.port, path, f"Host: 127.0.0.1:{lesson.port}", f"Origin: {origin}")
                assert b"Access-Control-Allow-Origin" not in reply, path
        own = f"http://127.0.0.1:{lesson.port}"
        reply = await get(lesson.port, sign_in, f"Host: 127.0.0.1:{lesson.port}", f"Origin: {own}")
        assert status(reply) == 200
        assert f"\r\nAccess-Control-Allow-Origin: {own}\r\n".encode() in reply
        assert b"\r\nVary: Origin\r\n" in reply
        reply = await get(lesson.port, sign_in, version="1.0")  # an old client is no page
        assert status(reply) == 200


async def test_listed_origins_may_sign_in_and_read_the_answers() -> None:
    async with broadcasting(
        f"{LESSON}access: {{passcode: tango, origins: ['https://Moodle.school.example']}}\n"
    ) as lesson:
        for origin, expected in (("https://moodle.school.example", 200), ("https://other.school.example", 403)):
            reply = await get(lesson.port, "/sign_in?Ada&pass=tango", "Host: 127.0.0.1", f"Origin: {origin}")
            assert status(reply) == expected
            assert (f"\r\nAccess-Control-Allow-Origin: {origin}\r\n".encode() in reply) == (expected == 200)


# Proxies


BEHIND = Proxies(["127.0.0.1"])


@asynccontextmanager
async def behind(proxies: Proxies = BEHIND, **more: object) -> AsyncIterator[OpenPort]:
    async with open_port(checkpoint=Checkpoint(proxies), **more) as opened:  # type: ignore[arg-type]
        yield opened


async def signed_in_from(opened: OpenPort, *lines: str) -> str:
    reply = await get(opened.port, "/sign_in?Ada", "Host: x", *lines)
    return opened.switchboard.address(int(reply.partition(b"Pragma: ")[2].split(b"\r")[0]))


async def test_a_members_address_is_its_own_and_never_that_of_a_proxy() -> None:
    async with behind() as opened:
        assert await signed_in_from(opened, "X-Forwarded-For: 203.0.113.1, 198.51.100.9") == "198.51.100.9"
        assert await signed_in_from(opened, "Forwarded: for=198.51.100.9") == "198.51.100.9"
        assert await signed_in_from(opened) == ""
        assert await signed_in_from(opened, "X-Real-IP: 198.51.100.9") == ""
    async with behind(Proxies(["10.0.0.3"])) as opened:
        assert await signed_in_from(opened) == "127.0.0.1"
        for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"):  # a proxy that the lesson does not know
            assert await signed_in_from(opened, f"{name}: 198.51.100.9") == ""


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
async def test_who_asks_for_others_gets_no_figures(name: str) -> None:
    async with open_port(metrics_token="s3cret") as opened:
        assert status(await get(opened.port, "/metrics", "Host: x")) == 200
        assert status(await get(opened.port, "/metrics", "Host: x", f"{name}: 10.0.0.9")) == 403


async def test_behind_a_proxy_the_figures_want_the_token_also_where_it_adds_no_header() -> None:
    async with behind(metrics_token="s3cret") as opened:
        assert status(await get(opened.port, "/metrics", "Host: x")) == 403
        assert status(await get(opened.port, "/metrics", "Host: x", "X-Forwarded-For: 127.0.0.1")) == 403
        assert status(await get(opened.port, "/metrics", "Host: x", "Authorization: Bearer s3cret")) == 200


async def test_a_proxy_that_names_nobody_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    async with behind() as opened:
        await get(opened.port, "/healthz", "Host: x")
    assert "let it send X-Forwarded-For" in caplog.text


class Asked(OpenAccess):
    """Remembers the addresses that it was asked about."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    async def refuse(self, request: wire.SignIn, address: str) -> wire.Refusal | None:
        self.addresses.append(address)
        return None

    async def recognise(self, address: str, member: int, is_known: Callable[[], bool]) -> bool:
        self.addresses.append(address)
        return is_known()


async def test_guards_are_asked_about_the_client() -> None:
    guard = Asked()
    async with behind(guard=guard) as opened:
        for path in ("/sign_in?Ada", "/wait?peer_id=7", "/message?peer_id=7&to=8", "/sign_out?peer_id=7"):
            await get(opened.port, path, "Host: x", "X-Forwarded-For: 198.51.100.9")
    assert guard.addresses == ["198.51.100.9"] * 4


async def test_one_client_behind_a_proxy_does_not_use_up_the_pace_of_another() -> None:
    room = Room(visibility="hub", ids="random", max_members=8)
    async with behind(room=room, limits=Limits(sign_ins=0.1)) as opened:

        async def come_and_go(address: str) -> int:
            line = f"X-Forwarded-For: {address}"
            reply = await get(opened.port, "/sign_in?A", "Host: x", line)
            member = int(reply.partition(b"Pragma: ")[2].split(b"\r")[0] or 0)
            await get(opened.port, f"/sign_out?peer_id={member}", "Host: x", line)
            return status(reply)

        seen = [await come_and_go("198.51.100.9") for _ in range(12)]
        assert 429 in seen
        assert await come_and_go("198.51.100.10") == 200


async def test_the_connections_of_a_proxy_are_not_those_of_one_client() -> None:
    async with behind(limits=Limits(connections_per_address=8)) as opened:
        held = [await RawConnection.open(opened.port, b"GET / HT") for _ in range(20)]
        await until(lambda: opened.site.connections == 20)
        for each in held:
            each.close()
    async with open_port(limits=Limits(connections_per_address=8)) as opened:
        held = [await RawConnection.open(opened.port, b"GET / HT") for _ in range(8)]
        ninth = await RawConnection.open(opened.port)
        assert (await ninth.read_all()).startswith(b"HTTP/1.1 503 ")
        for each in held:
            each.close()


async def test_one_client_behind_a_proxy_has_no_more_requests_at_a_time_than_without_one() -> None:
    checkpoint = Checkpoint(BEHIND, per_address=3)
    async with open_port(checkpoint=checkpoint) as opened:
        waits = []
        for number in range(5):
            reply = await get(opened.port, "/sign_in?Ada", "Host: x", "X-Forwarded-For: 198.51.100.7")
            member = int(reply.partition(b"Pragma: ")[2].split(b"\r")[0])
            address = "198.51.100.9" if number < 4 else "198.51.100.10"
            head = f"GET /wait?peer_id={member} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n\r\n"
            waits.append(await RawConnection.open(opened.port, head.encode()))
        assert (await waits[3].read_all()).startswith(b"HTTP/1.1 503 ")
        await until(lambda: opened.switchboard.waiting == 4)
        for each in waits:
            each.close()
        await until(lambda: opened.switchboard.waiting == 0)
        assert status(await get(opened.port, "/healthz", "Host: x", "X-Forwarded-For: 198.51.100.9")) == 200


# The control connection


@pytest.mark.parametrize(
    ("host", "forwarded"),
    [
        ("127.0.0.1:{port}", {}),
        ("lesson.example", {}),
        ("lesson.example:8443", {}),
        ("127.0.0.1:{port}", {"X-Forwarded-Host": "lesson.example:8443", "X-Forwarded-Proto": "https"}),
    ],
    ids=["the name is not passed on", "the name without its port", "the whole name", "the name in a header"],
)  # fmt: skip
async def test_the_teacher_page_gets_its_control_connection_behind_every_proxy(
    host: str, forwarded: dict[str, str]
) -> None:
    text = LESSON + "server: {address: 'https://lesson.example:8443', proxies: [127.0.0.1]}\n"
    async with broadcasting(text) as lesson:
        headers = {**forwarded, "X-Forwarded-For": "198.51.100.9"}
        name = host.format(port=lesson.port)
        async with connect(
            f"ws://{name}/control",
            host="127.0.0.1",
            port=lesson.port,
            origin=Origin("https://lesson.example:8443"),
            additional_headers=headers,
        ) as ws:
            hello = {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"token": TOKEN}}
            await ws.send(json.dumps(hello))
            assert '"result"' in str(await asyncio.wait_for(ws.recv(), 30))
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(
                f"ws://{name}/control",
                host="127.0.0.1",
                port=lesson.port,
                origin=Origin("https://evil.example"),
                additional_headers=headers,
            )
        assert refused.value.response.status_code == 403


async def test_a_control_connection_is_that_of_the_client_and_not_of_the_proxy() -> None:
    async with (
        behind() as opened,
        connect(f"ws://127.0.0.1:{opened.port}/control", additional_headers={"X-Forwarded-For": "198.51.100.9"}),
    ):
        await until(lambda: len(opened.control) == 1)
        assert opened.control[0].remote_address[0] == "198.51.100.9"


async def test_a_lesson_behind_a_proxy_speaks_of_itself_as_its_clients_know_it() -> None:
    text = LESSON + "server: {proxies: [127.0.0.1], tls: auto, tls_port: 0}\n"
    async with broadcasting(text) as lesson, aiohttp.ClientSession() as session:
        headers = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Host": "lesson.example"}
        async with session.get(f"http://127.0.0.1:{lesson.port}/trust", headers=headers) as response:
            assert f"https://lesson.example:{lesson.endpoints.tls_port}/" in await response.text()
