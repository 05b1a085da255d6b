"""Pages and reports over real HTTP, and what the site says when it cannot listen."""

from __future__ import annotations

import asyncio
import errno
import hmac
import socket
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import Counter
from websockets.asyncio.server import Server, ServerConnection

from classroom.common.errors import AddressError
from classroom.server import Site, SiteSettings, listeners
from classroom.server import site as module
from tests.support.port import RawConnection, ask, open_port

POLICY = (
    "default-src 'self'; connect-src 'self'{own}; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A small set of pages."""
    folder = tmp_path / "web"
    for name, text in {
        "student/index.html": "<!doctype html>student",
        "teacher/index.html": "<!doctype html>teacher",
        "student/main.js": "export {};",
        "lib/deep/er.mjs": "export {};",
        "locales/zh.json": "{}",
        "style/base.css": "a{}",
        "secret.txt": "no",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "outside.js").write_text("no")
    (folder / "student" / "link.js").symlink_to(tmp_path / "outside.js")
    return folder


async def test_pages_and_their_files(pages: Path) -> None:
    async with open_port(folder=pages) as opened, aiohttp.ClientSession(f"http://127.0.0.1:{opened.port}") as session:
        for path, kind, text in (
            ("/", "text/html", "<!doctype html>student"),
            ("/teach", "text/html", "<!doctype html>teacher"),
            ("/assets/student/main.js", "text/javascript", "export {};"),
            ("/assets/lib/deep/er.mjs", "text/javascript", "export {};"),
            ("/assets/locales/zh.json", "application/json", "{}"),
            ("/assets/style/base.css", "text/css", "a{}"),
        ):
            async with session.get(path) as response:
                assert response.status == 200
                assert response.content_type == kind
                assert await response.text() == text
                own = f" ws://127.0.0.1:{opened.port} wss://127.0.0.1:{opened.port}" if path == "/teach" else ""
                assert response.headers["Content-Security-Policy"] == POLICY.replace("{own}", own)
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["Referrer-Policy"] == "no-referrer"
                assert response.headers["Cache-Control"] == "no-cache"
                tag = response.headers["ETag"]
            async with session.get(path, headers={"If-None-Match": tag}) as response:
                assert response.status == 304


@pytest.mark.parametrize(
    "target",
    [
        b"/nothing<script>",
        b"/assets/secret.txt",
        b"/assets/student/../secret.txt",
        b"/assets/student/..%2f..%2f..%2fetc/passwd",
        b"/assets/student/%2e%2e/secret.txt",
        b"/assets/student//etc/passwd",
        b"/assets/student/link.js",
        b"/assets/student/..%5csecret.txt",
        b"/assets/student/a%00b",
        b"/assets/student/",
        b"/assets/student/missing.js",
        b"/assets/other/x",
        b"/assets/student/%ff%fe",
    ],
)
async def test_anything_else_is_a_clear_404(pages: Path, target: bytes) -> None:
    async with open_port(folder=pages) as opened:
        data = await ask(opened.port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert data.startswith(b"HTTP/1.1 404 ")
        assert b"is not a page of this lesson" in data
        assert b"\r\nContent-Security-Policy: " in data
        assert b"<script>" not in data


async def test_pages_that_are_not_installed_are_a_404(tmp_path: Path) -> None:
    async with open_port(folder=tmp_path) as opened:
        assert (await ask(opened.port, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 404 ")


async def test_pages_can_only_be_read(pages: Path) -> None:
    async with open_port(folder=pages) as opened, aiohttp.ClientSession(f"http://127.0.0.1:{opened.port}") as session:
        async with session.post("/teach") as response:
            assert response.status == 405
            assert response.headers["Allow"] == "GET,HEAD" or response.headers["Allow"] == "GET, HEAD"
        async with session.head("/teach") as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x", 200),
        (b"GET /nothing HTTP/1.1\r\nHost: x", 404),
        (b"GET /assets/lib/none.js HTTP/1.1\r\nHost: x", 404),
        (b"POST /teach HTTP/1.1\r\nHost: x", 405),
        (b"GET /control HTTP/1.1\r\nHost: x", 426),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\nVia: x", 403),
    ],
)
async def test_nothing_that_a_browser_would_show_may_be_framed(pages: Path, request_: bytes, status: int) -> None:
    async with open_port(folder=pages) as opened:
        data = await ask(opened.port, request_ + b"\r\nConnection: close\r\n\r\n")
        assert int(data.split(b" ", 2)[1]) == status
        assert POLICY.replace("{own}", "").encode() in data.partition(b"\r\n\r\n")[0]
        assert b"\r\nX-Frame-Options: DENY\r\n" in data


@pytest.mark.parametrize("host", [b"a b", b"x; script-src *", b"'self'", b"[::1]:8888", b"x\xff", b"*", b"x,y"])
async def test_no_host_field_gets_into_the_policy_that_is_no_host(pages: Path, host: bytes) -> None:
    async with open_port(folder=pages) as opened:
        data = await ask(opened.port, b"GET /teach HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        head = data.partition(b"\r\n\r\n")[0]
        assert POLICY.replace("{own}", "").encode() in head or head.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("field", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
async def test_the_figures_are_not_for_those_who_ask_through_a_proxy(field: str) -> None:
    async with open_port() as opened, aiohttp.ClientSession(f"http://127.0.0.1:{opened.port}") as session:
        async with session.get("/metrics", headers={field: "10.0.0.9"}) as response:
            assert response.status == 403
        async with session.get("/metrics") as response:
            assert response.status == 200


async def test_files_that_cannot_be_opened_now_are_said_to_come_later(
    pages: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: Path) -> bytes:
        raise OSError(24, "Too many open files")

    async with open_port(folder=pages) as opened:
        request = b"GET %s HTTP/1.0\r\n\r\n"
        assert (await ask(opened.port, request % b"/")).startswith(b"HTTP/1.0 200 ")
        monkeypatch.setattr(Path, "read_bytes", refuse)
        for _ in range(20):
            assert (await ask(opened.port, request % b"/")).startswith(b"HTTP/1.0 200 "), "it was read before"
            assert (await ask(opened.port, request % b"/teach")).startswith(b"HTTP/1.0 503 ")
        monkeypatch.undo()
        assert (await ask(opened.port, request % b"/teach")).startswith(b"HTTP/1.0 200 ")
    assert 1 <= sum("cannot be read" in record.getMessage() for record in caplog.records) <= 4


async def test_health_is_asked_each_time() -> None:
    async with open_port() as opened, aiohttp.ClientSession(f"http://127.0.0.1:{opened.port}") as session:
        async with session.get("/healthz") as response:
            assert response.status == 200
            assert await response.json() == {"status": "on air"}
            assert response.headers["Cache-Control"] == "no-store"


async def test_metrics_are_for_this_machine_or_a_token() -> None:
    async with open_port(metrics_token="s3cret") as opened:
        Counter("students", "Students so far.", registry=opened.registry).inc(3)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{opened.port}") as session:
            for headers, status in (
                ({}, 200),
                ({"X-Forwarded-For": "10.0.0.9"}, 403),
                ({"X-Forwarded-For": "10.0.0.9", "Authorization": "Bearer wrong"}, 403),
                ({"X-Forwarded-For": "10.0.0.9", "Authorization": "Basic s3cret"}, 403),
                ({"X-Forwarded-For": "10.0.0.9", "Authorization": "Bearer s3cret"}, 200),
            ):
                async with session.get("/metrics", headers=headers) as response:
                    assert response.status == status, headers
                    assert ("students_total 3.0" in await response.text()) == (status == 200)


async def test_hanging_up_does_not_help_to_guess_the_token_of_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def compare(given: bytes, right: bytes) -> bool:
        nonlocal looked
        looked += 1
        return compare_digest(given, right)

    compare_digest = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    loop = asyncio.get_running_loop()
    async with open_port(metrics_token="s3cret") as opened:
        began = loop.time()
        for number in range(150):
            head = b"GET /metrics HTTP/1.1\r\nHost: x\r\nVia: x\r\nAuthorization: Bearer %d\r\n\r\n" % number
            connection = await RawConnection.open(opened.port, head)
            await asyncio.sleep(0.005)
            connection.close()
        assert looked <= 2 * (1 + int((loop.time() - began) / 0.5))
        async with aiohttp.ClientSession(f"http://127.0.0.1:{opened.port}") as session:
            headers = {"Via": "1.1 proxy", "Authorization": "Bearer s3cret"}
            async with session.get("/metrics", headers=headers) as response:
                assert response.status == 200


async def test_without_a_token_none_is_right() -> None:
    async with open_port() as opened, aiohttp.ClientSession(f"http://127.0.0.1:{opened.port}") as session:
        for token in ("", "None"):
            headers = {"Via": "1.1 proxy", "Authorization": f"Bearer {token}"}
            async with session.get("/metrics", headers=headers) as response:
                assert response.status == 403


async def nobody(connection: ServerConnection) -> None:
    await connection.wait_closed()


def site(host: str, port: int) -> Site:
    return Site(SiteSettings(host=host, port=port), control_handler=nobody, app=web.Application())


async def test_a_port_in_use_is_one_clear_sentence() -> None:
    async with open_port() as opened:
        other = site("127.0.0.1", opened.port)
        with pytest.raises(AddressError) as refused:
            await other.start()
        assert str(refused.value) == (
            f"Port {opened.port} is already in use. Close the other program or choose another with --port."
        )
        assert refused.value.exit_code == 3
        await other.stop()


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("no-such-host.invalid", 0, "There is no host 'no-such-host.invalid'."),
        ("no-such-host.invalid", 8888, "There is no host 'no-such-host.invalid'."),
        ("192.0.2.7", 0, "'192.0.2.7' is not an address of this machine."),
        ("bad..name", 0, "There is no host 'bad..name'."),
        ("127.0.0.1", 70000, "70000 is not a port."),
        ("127.0.0.1", -1, "-1 is not a port."),
    ],
)
async def test_an_address_that_cannot_be_bound(host: str, port: int, sentence: str) -> None:
    with pytest.raises(AddressError, match="--") as refused:
        await site(host, port).start()
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


async def test_a_forbidden_port_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(AddressError, match=r"may not open port 80\. Choose one above 1023 with --port"):
        await site("127.0.0.1", 80).start()


async def test_addresses() -> None:
    async with site("0.0.0.0", 0) as everywhere:
        addresses = everywhere.addresses("/teach")
        assert addresses[-1] == f"http://127.0.0.1:{everywhere.port}/teach"
        assert len(set(addresses)) == len(addresses)
        async with aiohttp.ClientSession() as session:
            for address in addresses:
                async with session.get(address) as response:
                    assert response.status == 404
    async with site("localhost", 0) as local:
        assert local.addresses() == [f"http://localhost:{local.port}/"]


@pytest.mark.parametrize("host", ["::", ""])
async def test_everywhere_is_ipv4_and_ipv6_at_one_port(host: str) -> None:
    async with site(host, 0) as everywhere, aiohttp.ClientSession() as session:
        addresses = everywhere.addresses()
        assert addresses[-1] == f"http://127.0.0.1:{everywhere.port}/"
        for address in (*addresses, f"http://[::1]:{everywhere.port}/"):
            async with session.get(address) as response:
                assert response.status == 404, address


async def test_a_client_of_ipv4_is_known_by_its_own_address_also_where_ipv6_is_listened_on() -> None:
    async with open_port(host="::") as opened:
        reply = await ask(opened.port, b"GET /sign_in?Ada HTTP/1.0\r\n\r\n")
        member = int(reply.partition(b"Pragma: ")[2].split(b"\r")[0])
        assert opened.switchboard.address(member) == "127.0.0.1"


async def test_a_network_that_comes_later_is_listened_on_with_and_without_tls_and_each_try_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosts, refused = ["127.0.0.1"], {"https": True}
    monkeypatch.setattr(module, "listened_hosts", lambda host: list(hosts))
    real = listeners.listen_on

    async def listen_on(*given: Any) -> dict[str, Server]:
        if hosts != ["127.0.0.1"] and refused["https"] and given[1] == everywhere.tls_port:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return await real(*given)

    monkeypatch.setattr(module, "listen_on", listen_on)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    everywhere = Site(
        SiteSettings(host="0.0.0.0", port=0, tls=lambda: tls), control_handler=nobody, app=web.Application()
    )
    async with everywhere:
        hosts.append("::1")
        for _ in range(5):
            await everywhere.widen()
        assert len(everywhere._shared_ports) == 3
        refused["https"] = False
        await everywhere.widen()
        for port in (everywhere.port, everywhere.tls_port):
            _, writer = await asyncio.open_connection("::1", port)
            writer.close()


async def test_a_port_that_ipv6_has_not_free_is_one_clear_sentence() -> None:
    with socket.socket(socket.AF_INET6) as other:
        other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        other.bind(("::", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(AddressError, match=f"Port {port} is already in use"):
            await site("::", port).start()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
