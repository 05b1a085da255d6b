"""A lesson under a path, whether a proxy passes the path on or strips it, and for old clients at the root."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from classroom.broadcaster import Broadcaster
from classroom.common.errors import AddressError
from classroom.control.client import call, control_address
from tests.support.broadcast import LESSON, TOKEN, broadcasting
from tests.support.native_client import NativeReply, parse_reply
from tests.support.port import ask
from tests.support.process import classroom

ADDRESSES = [
    "/",
    "/teach",
    "/send",
    "/assets/student/page.js",
    "/assets/vendor/lit-html/lit-html.js",
    "/healthz",
    "/metrics",
    "/trust?lang=zh",
    "/join.svg",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lesson() -> AsyncIterator[Broadcaster]:
    text = LESSON.replace("\nsources:", "\nserver: {path: /school/lesson, tls: none}\nsources:", 1)
    async with broadcasting(text) as running:
        yield running


def read(data: bytes) -> NativeReply:
    reply = parse_reply(data)
    assert reply is not None, data
    return reply


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("address", ADDRESSES)
async def test_each_address_answers_under_the_path_and_at_the_root(lesson: Broadcaster, address: str) -> None:
    bodies = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{lesson.port}") as session:
        for path in ("", "/school/lesson"):
            # Twice on one connection, for the second request goes another way than the first.
            for _ in range(2):
                async with session.get(f"{path}{address}") as reply:
                    assert reply.status == 200, await reply.text()
                    bodies.append(await reply.read() if "metrics" not in address and "healthz" not in address else b"")
    assert len(set(bodies)) == 1


@pytest.mark.parametrize("path", [b"", b"/school/lesson"])
async def test_the_signaling_of_old_clients_answers_in_both_places(lesson: Broadcaster, path: bytes) -> None:
    reply = read(await ask(lesson.port, b"GET %b/sign_in?a b&c=d HTTP/1.0\r\n\r\n" % path))
    assert reply.status == 200
    assert reply.body.startswith(b"a b,%d,1\n" % reply.peer_id)
    message = b"POST %b/message?peer_id=%d&to=1 HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi" % (path, reply.peer_id)
    assert read(await ask(lesson.port, message)).body == b"Peer most likely gone."
    out = b"GET %b/sign_out?peer_id=%d HTTP/1.0\r\n\r\n" % (path, reply.peer_id)
    assert read(await ask(lesson.port, out)).status == 200


async def test_whoever_leaves_out_the_slash_is_led_to_the_page(lesson: Broadcaster) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{lesson.port}") as session:
        async with session.get("/school/lesson", allow_redirects=False) as reply:
            assert (reply.status, reply.headers["Location"]) == (302, "lesson/")
        async with session.get("/school/lesson") as reply:
            assert reply.url.path == "/school/lesson/"
            assert b'id="join"' in await reply.read()


@pytest.mark.parametrize(
    "path", ["/school", "/school/lessons", "/school/lesson/school/lesson/", "/school/lesson/nothing", "/Lesson/"]
)
async def test_other_paths_are_told_where_the_lesson_is(lesson: Broadcaster, path: str) -> None:
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{lesson.port}") as session,
        session.get(path) as reply,
    ):
        assert reply.status == 404
        assert '<a href="/school/lesson/">' in await reply.text()


@pytest.mark.parametrize("target", [b"/school/lesson//", b"/school/lesson//etc/passwd", b"/school/lesson/../teach"])
async def test_what_stands_behind_the_path_leads_nowhere_else(lesson: Broadcaster, target: bytes) -> None:
    data = await ask(lesson.port, b"GET %b HTTP/1.0\r\n\r\n" % target)
    assert data.startswith(b"HTTP/1.0 404 "), data[:200]


@pytest.mark.parametrize("address", ["", "/", "/teach", "/school/lesson", "/school/lesson/", "/school/lesson/teach"])
async def test_control_answers_in_both_places(lesson: Broadcaster, address: str) -> None:
    state = await call(f"http://127.0.0.1:{lesson.port}{address}", TOKEN, "hello", {})
    assert state["state"]["program"]["scene"] == "talk"


async def test_a_program_commands_a_lesson_under_a_path(lesson: Broadcaster) -> None:
    address = f"http://127.0.0.1:{lesson.port}/school/lesson/teach#token=x"
    done = await classroom("remote", address, "program.switch", "scene=both", "--token", TOKEN)
    assert done.code == 0, done.err
    assert "revision" in json.loads(done.out)
    wrong = await classroom("remote", f"http://127.0.0.1:{lesson.port}/other", "hello", "--token", TOKEN)
    assert wrong.code == 3
    assert f"ws://127.0.0.1:{lesson.port}/other/control" in wrong.err


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("192.168.1.20:8888", "ws://192.168.1.20:8888/control"),
        ("http://host:1/", "ws://host:1/control"),
        ("https://host/teach#token=t", "wss://host/control"),
        ("https://host/lesson", "wss://host/lesson/control"),
        ("https://host/lesson/", "wss://host/lesson/control"),
        ("wss://host/a/b/control", "wss://host/a/b/control"),
        ("https://host/a/b/send#key=k", "wss://host/a/b/control"),
        ("https://host/teacher", "wss://host/teacher/control"),
    ],
)
async def test_the_address_of_a_lesson_keeps_its_path(given: str, meant: str) -> None:
    assert control_address(given) == meant


async def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(AddressError):
        control_address("ftp://host/lesson")
