"""https beside http: the same site behind both, its limits, its end, and the page that explains whom to trust."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from prometheus_client import CollectorRegistry
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from classroom.common.alarms import Alarms
from classroom.common.errors import AddressError, SetupError
from classroom.control.connection import ControlConnection
from classroom.features.publishing import PublishingFeature
from classroom.server import Site, SiteSettings, add_pages
from classroom.server.authority import fingerprint
from classroom.server.health_endpoints import add_reports
from classroom.server.own_certificates import OwnCertificates
from classroom.server.port_sharing import ConnectionPolicy
from tests.support.broadcast import BUSY_MACHINE, LESSON, TOKEN, broadcasting, eventually
from tests.support.port import RawConnection, ask


@dataclass
class CountingLimit:
    """Lets in so many at a time."""

    most: int
    inside: list[str] = field(default_factory=list)

    def enter(self, address: str) -> bool:
        if len(self.inside) >= self.most:
            return False
        self.inside.append(address)
        return True

    def leave(self, address: str) -> None:
        self.inside.remove(address)


@pytest.fixture
def certificates(tmp_path: Path) -> OwnCertificates:
    return own(tmp_path)


def own(folder: Path) -> OwnCertificates:
    made = OwnCertificates(folder=folder / "tls", names=lambda: ["localhost", "127.0.0.1"], alarms=Alarms(lambda: None))
    made.prepare()
    return made


def trusting(certificates: OwnCertificates) -> ssl.SSLContext:
    """What a browser has that trusts this authority and no other."""
    assert certificates.authority is not None
    return ssl.create_default_context(cadata=certificates.authority.public_pem().decode())


@contextlib.asynccontextmanager
async def site(
    certificates: OwnCertificates,
    *,
    connection_limit: ConnectionPolicy | None = None,
    tls_port: int = 0,
    any_port: bool = False,
) -> AsyncIterator[Site]:
    """A site that says how it was asked and gives back what it got; control echoes."""

    async def echo(request: web.Request) -> web.StreamResponse:
        return web.Response(text=f"{request.scheme} {await request.text()}")

    async def control(connection: ControlConnection) -> None:
        connection.trust()
        async for message in connection:
            await connection.send(message)

    app = web.Application()
    app.router.add_route("*", "/", echo)
    async with Site(
        SiteSettings(
            host="127.0.0.1", port=0, tls=lambda: certificates.context, tls_port=tls_port, any_tls_port=any_port
        ),
        control_handler=control,
        app=app,
        connection_limit=connection_limit,
    ) as running:
        yield running


async def test_the_same_site_is_behind_both_ports(certificates: OwnCertificates) -> None:
    async with site(certificates) as running, aiohttp.ClientSession() as session:
        (plain,), (secure,) = running.addresses(), running.secure_addresses()
        assert secure == f"https://127.0.0.1:{running.tls_port}/"
        body = "x" * 300_000
        for address, scheme in ((plain, "http"), (secure, "https")):
            async with session.post(address, data=body, ssl=trusting(certificates)) as response:
                assert response.status == 200
                assert await response.text() == f"{scheme} {body}"
                assert "Strict-Transport-Security" not in response.headers  # native clients know http only
        for address in (f"ws://127.0.0.1:{running.port}", f"wss://localhost:{running.tls_port}"):
            context = trusting(certificates) if address.startswith("wss") else None
            async with connect(f"{address}/control", ssl=context) as socket:
                await socket.send("hello")
                assert await socket.recv() == "hello"


async def test_control_is_taken_on_an_encrypted_connection_that_was_used_before(certificates: OwnCertificates) -> None:
    async def control(connection: ControlConnection) -> None:
        await connection.send("welcome")

    app = web.Application()
    add_pages(app)
    add_reports(app, health=lambda: {"status": "on air"}, metrics=CollectorRegistry())
    async with Site(
        SiteSettings(host="127.0.0.1", port=0, tls=lambda: certificates.context), control_handler=control, app=app
    ) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls_port, ssl=trusting(certificates))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
        writer.write(
            b"GET /control HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await reader.readexactly(9) == b"\x81\x07welcome"
        writer.close()


async def test_a_renewed_certificate_is_shown_to_the_next_and_disturbs_nobody(certificates: OwnCertificates) -> None:
    async with site(certificates) as running:
        async with connect(f"wss://127.0.0.1:{running.tls_port}/control", ssl=trusting(certificates)) as before:
            certificates.renew(["localhost", "127.0.0.1", "192.168.1.7"])
            async with connect(f"wss://127.0.0.1:{running.tls_port}/control", ssl=trusting(certificates)) as after:
                shown = after.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
                assert certificates.leaf is not None
                assert x509.load_der_x509_certificate(shown) == certificates.leaf.certificate
                await before.send("still here")
                assert await before.recv() == "still here"


async def test_a_connection_counts_before_the_handshake_and_until_its_end(certificates: OwnCertificates) -> None:
    connection_limit = CountingLimit(2)
    async with site(certificates, connection_limit=connection_limit) as running:
        assert running.tls_port is not None
        silent = await RawConnection.open(running.tls_port)
        await eventually(lambda: len(connection_limit.inside) == 1)
        async with connect(f"wss://127.0.0.1:{running.tls_port}/control", ssl=trusting(certificates)) as socket:
            assert len(connection_limit.inside) == 2
            third = await ask(running.port, b"GET / HTTP/1.0\r\n\r\n")
            assert b" 200 " not in third
            await socket.send("no third")
            assert await socket.recv() == "no third"
        silent.close()
        await eventually(lambda: connection_limit.inside == [])
        await eventually(lambda: running.connections == 0)
        assert (await ask(running.port, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\x00" * 400])
async def test_what_is_no_handshake_is_closed_and_forgotten(certificates: OwnCertificates, nonsense: bytes) -> None:
    connection_limit = CountingLimit(1)
    async with site(certificates, connection_limit=connection_limit) as running:
        assert running.tls_port is not None
        for _ in range(3):
            try:
                answer = await ask(running.tls_port, nonsense)
                assert b"HTTP" not in answer
            except ConnectionResetError:
                pass
            await eventually(lambda: connection_limit.inside == [])
        await eventually(lambda: running.connections == 0)


async def test_whoever_never_shakes_hands_is_cut(
    certificates: OwnCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classroom.server.tls.HANDSHAKE_SECONDS", 0.2)
    async with site(certificates) as running:
        assert running.tls_port is not None
        assert await ask(running.tls_port) == b""
        await eventually(lambda: running.connections == 0)


async def test_the_end_comes_at_once_whatever_is_open(certificates: OwnCertificates) -> None:
    connection_limit = CountingLimit(10)
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(site(certificates, connection_limit=connection_limit))
        assert running.tls_port is not None
        socket = await connect(f"wss://127.0.0.1:{running.tls_port}/control", ssl=trusting(certificates))
        silent = await RawConnection.open(running.tls_port)
        idle = await asyncio.open_connection("127.0.0.1", running.tls_port, ssl=trusting(certificates))
        await eventually(lambda: len(connection_limit.inside) == 3)
        async with asyncio.timeout(10):
            await stack.aclose()
    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    silent.close()
    idle[1].close()
    assert connection_limit.inside == []
    assert [task for task in asyncio.all_tasks() if task.get_name() == "TLS handshake"] == []


async def test_a_port_that_is_taken_is_named(certificates: OwnCertificates, tmp_path: Path) -> None:
    async with site(certificates) as first:
        assert first.tls_port is not None
        with pytest.raises(AddressError, match=rf"Port {first.tls_port} is already in use\. .*server\.tls_port"):
            async with site(own(tmp_path / "second"), tls_port=first.tls_port):
                pass
        # One that nobody named gives way.
        async with site(own(tmp_path / "third"), tls_port=first.tls_port, any_port=True) as third:
            assert third.tls_port not in (None, first.tls_port)


# A whole lesson


async def test_a_lesson_with_its_own_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSROOM_HOME", str(tmp_path))
    async with broadcasting(LESSON + "server: {tls: auto, tls_port: 0}\n") as broadcaster:
        authority = broadcaster.endpoints.authority()
        assert authority is not None
        (teacher,) = broadcaster.secure_teacher_addresses()
        assert teacher.startswith("https://127.0.0.1:")
        assert teacher.endswith(f"/teach#token={quote(TOKEN, safe='')}")
        base = teacher.partition("/teach")[0]
        context = ssl.create_default_context(cadata=authority.public_pem().decode())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{base}/healthz", ssl=context) as response:
                assert (await response.json())["status"] == "ok"
            plain = f"http://127.0.0.1:{broadcaster.port}"
            assert broadcaster.endpoints.trust_address() == f"{plain}/trust"
            async with session.get(f"{plain}/trust/classroom-authority.crt") as response:
                assert response.content_type == "application/x-x509-ca-cert"
                data = await response.read()
                assert b"PRIVATE" not in data
                assert x509.load_pem_x509_certificate(data) == authority.certificate
            for language, word in (("en", "Download the certificate"), ("zh-CN,zh;q=0.9", "下载证书")):
                async with session.get(f"{plain}/trust", headers={"Accept-Language": language}) as response:
                    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
                    text = await response.text()
                    assert word in text
                    assert fingerprint(authority.certificate) in text
                    assert f'href="{base}/"' in text
                    assert "{{" not in text
            evil = {"Host": '"><script>alert(1)</script>'}
            async with session.get(f"{plain}/trust?lang=<b>", headers=evil) as response:
                assert "<script>" not in await response.text()
            async with session.get(f"{plain}/join.svg") as response:
                assert response.content_type == "image/svg+xml"
                assert TOKEN not in await response.text()
        lesson = broadcaster.state()["lesson"]
        assert isinstance(lesson, dict)
        assert lesson["secure_addresses"] == [f"{base}/"]
        assert lesson["fingerprint"] == fingerprint(authority.certificate)
    assert sorted(each.name for each in (tmp_path / "tls").iterdir()) == ["authority.pem", "certificate.pem"]


async def test_a_lesson_that_says_nothing_of_https_can_invite_a_phone_and_students_stay_on_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSROOM_HOME", str(tmp_path))
    text = LESSON.replace("sources:", "server: {announce: false}\nsources:\n  phone: {kind: browser}")
    async with broadcasting(text, host="0.0.0.0") as lesson:
        assert {each.partition(":")[0] for each in lesson.endpoints.addresses()} == {"http"}
        link = lesson.feature(PublishingFeature).invite("phone")
        assert link["address"] is not None
        assert link["address"].startswith("https://")
        assert link["address"].endswith(f":{lesson.endpoints.tls_port}{link['path']}")
        assert link["code"] is not None
        authority = lesson.endpoints.authority()
        assert authority is not None
        context = ssl.create_default_context(cadata=authority.public_pem().decode())
        async with aiohttp.ClientSession() as session, session.get(link["address"], ssl=context) as page:
            assert page.status == 200


@pytest.mark.parametrize(
    "server", ["{tls: none, announce: false}", "{address: https://lesson.school.example, announce: false}"]
)
async def test_there_is_no_port_for_https_where_the_lesson_says_so_or_a_proxy_has_it(server: str) -> None:
    async with broadcasting(f"{LESSON}server: {server}\n", host="0.0.0.0") as lesson:
        assert lesson.endpoints.tls_port is None


async def test_a_lesson_that_did_not_ask_for_https_runs_where_no_certificate_can_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(self: OwnCertificates) -> None:
        raise SetupError("https cannot start: the disk is full.")

    monkeypatch.setattr(OwnCertificates, "prepare", full)
    async with broadcasting(f"{LESSON}server: {{announce: false}}\n", host="0.0.0.0") as lesson:
        assert (lesson.endpoints.tls_port, lesson.endpoints.secure_addresses()) == (None, [])
        assert lesson.endpoints.trust_address() is None
    with pytest.raises(SetupError):
        async with broadcasting(f"{LESSON}server: {{tls: auto}}\n"):
            pass


async def test_a_lesson_with_an_expired_certificate_runs_and_says_so(tmp_path: Path) -> None:
    certificates = own(tmp_path)
    assert certificates.authority is not None
    leaf = certificates.authority.certify(["localhost"], datetime.now(UTC) - timedelta(days=500))
    key, line, rest = leaf.pem().partition(b"-----BEGIN CERTIFICATE-----")
    (tmp_path / "school.key").write_bytes(key)
    (tmp_path / "school.pem").write_bytes(line + rest)
    files = f"certificate: '{tmp_path / 'school.pem'}', key: '{tmp_path / 'school.key'}'"
    async with broadcasting(LESSON + f"server: {{tls: {{{files}}}, tls_port: 0}}\n") as broadcaster:
        alarms = broadcaster.state()["alarms"]
        assert isinstance(alarms, list)
        assert {alarm["code"] for alarm in alarms} - BUSY_MACHINE == {"tls.expired"}
        assert broadcaster.endpoints.trust_address() is None
        async with aiohttp.ClientSession(f"http://127.0.0.1:{broadcaster.port}") as session:
            async with session.get("/trust?lang=en") as response:
                assert "needs no certificate" in await response.text()
            async with session.get("/trust/classroom-authority.crt") as response:
                assert response.status == 404


async def test_a_lesson_without_https_has_nobody_to_trust() -> None:
    async with broadcasting() as broadcaster:
        assert broadcaster.secure_teacher_addresses() == []
        async with aiohttp.ClientSession(f"http://127.0.0.1:{broadcaster.port}") as session:
            async with session.get("/trust?lang=zh") as response:
                assert "无需安装" in await response.text()
