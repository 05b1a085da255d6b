"""STUN and TURN servers, alive and dead: what probes say of them, and that offers do not wait for them."""

from __future__ import annotations

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aioice import stun
from aioice.turn import create_turn_endpoint
from aiortc import RTCConfiguration, RTCIceTransportPolicy

from classroom.lesson.sections import IceModel
from classroom.server.authority import Authority
from classroom.webrtc.ice.credentials import Credential, temporary
from classroom.webrtc.ice.probe import probe
from classroom.webrtc.ice.servers import IceServerAddress, IceServers
from tests.support.broadcast import broadcasting, complaints, eventually
from tests.support.machine import Machine
from tests.support.student import student
from tests.support.turn import SECRET, TurnServer, silent_port, turn_server

SECRET_OF_LESSON = "quite-another-secret"

LESSON = """
sources: {bars: {kind: pattern, size: 320x240, fps: 10}}
scenes: {bars: bars}
program: {size: 320x240, fps: 10}
recording: {start: never}
"""


@pytest.fixture
async def turn(tmp_path: Path) -> AsyncIterator[TurnServer]:
    async with turn_server(tmp_path) as server:
        yield server


def address_of(url: str) -> IceServerAddress:
    [address] = IceServers(IceModel.model_validate({"servers": [{"urls": url}]})).addresses
    return address


def fresh(secret: str = SECRET, lifetime: float = 60) -> Credential:
    return temporary(secret, label="test", now=time.time(), lifetime=lifetime)


async def test_coturn_serves_who_shares_its_secret(turn: TurnServer) -> None:
    for url in (turn.url, turn.local_url, f"{turn.url}?transport=tcp"):
        assert await probe(address_of(url), fresh(), within=20) is None, url
    assert await probe(address_of(f"stun:{turn.address}:{turn.port}"), None, within=20) is None


async def test_coturn_refuses_a_wrong_secret_and_what_has_expired(turn: TurnServer) -> None:
    address = address_of(turn.url)
    assert await probe(address, fresh("another secret"), within=20) == "refused"
    assert await probe(address, fresh(lifetime=-5), within=20) == "refused"
    assert await probe(address, None, within=20) == "refused"


async def test_silence_is_no_service() -> None:
    with silent_port() as port:
        for url in (f"turn:127.0.0.1:{port}", f"stun:127.0.0.1:{port}", f"turn:127.0.0.1:{port}?transport=tcp"):
            assert await probe(address_of(url), fresh(), within=0.3) == "silent", url
    assert await probe(address_of("turn:no-such-host.invalid"), fresh(), within=5) == "silent"


async def test_tls_needs_a_certificate_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority.make("test", datetime.now(UTC))
    certificate, trusted = tmp_path / "chain.pem", tmp_path / "authority.pem"
    certificate.write_bytes(authority.certify(["127.0.0.1"], datetime.now(UTC)).pem())
    trusted.write_bytes(authority.public_pem())
    async with turn_server(tmp_path, certificate=certificate) as turn:
        address = address_of(f"turns:127.0.0.1:{turn.tls_port}")
        assert await probe(address, fresh(), within=20) == "tls"
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert await probe(address, fresh(), within=20) is None


async def test_a_call_outlives_its_password(turn: TurnServer) -> None:
    """coturn looks at the time in a user name when it allots an address, and at no later request of the same call."""
    closed = asyncio.get_running_loop().create_future()

    class Relayed(asyncio.DatagramProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            closed.set_result(None)

    credential = fresh(lifetime=2)
    transport, _ = await create_turn_endpoint(
        Relayed, (turn.address, turn.port), credential.username, credential.password
    )
    try:
        # Not before coturn itself calls the same password expired.
        address = address_of(turn.url)

        async def expired() -> bool:
            return await probe(address, credential) == "refused"

        await eventually(expired, within=30)
        request = stun.Message(message_method=stun.Method.REFRESH, message_class=stun.Class.REQUEST)
        request.attributes["LIFETIME"] = 600
        answer, _ = await transport._TurnTransport__inner_protocol.request_with_retry(request)  # type: ignore[attr-defined]
        assert answer.message_class == stun.Class.RESPONSE
    finally:
        transport.close()
        await closed


async def test_dead_servers_do_not_delay_an_offer_and_are_told(machine: Machine) -> None:
    with silent_port() as port:
        ice = (
            f"ice: {{servers: [{{urls: 'stun:127.0.0.1:{port}'}}],"
            f" turn: {{urls: 'turn:127.0.0.1:{port}', secret: s}}}}\n"
        )
        async with broadcasting(LESSON + ice) as lesson:

            async def offered(name: bytes) -> None:
                began = time.monotonic()
                async with student(lesson.port, name=name) as each:
                    await each.offer()
                    assert time.monotonic() - began < machine.allows(2.0)

            await offered(b"before anything is known of the servers")
            alarms = lesson._alarms
            await eventually(
                lambda: {each.code for each in alarms.raised()} == {"ice.no_relay", "ice.no_stun"}, within=60
            )
            assert lesson._ice_servers.for_viewer() == []
            await offered(b"when they are known to be dead")


async def test_a_wrong_secret_is_told_to_the_teacher(turn: TurnServer) -> None:
    ice = f"ice: {{turn: {{urls: '{turn.url}', secret: {SECRET_OF_LESSON}}}}}\n"
    async with broadcasting(LESSON + ice) as lesson:
        await eventually(lambda: complaints(lesson) == {"ice.no_relay"}, within=60)
        [alarm] = (each for each in lesson._alarms.raised() if each.code == "ice.no_relay")
        assert "refuses the connection: check that ice.turn.secret" in alarm.sentence
        assert alarm.remedy is None
        shown = json.dumps(lesson.state())
        assert alarm.sentence in shown
        assert SECRET_OF_LESSON not in shown


async def test_viewers_offer_a_relay(turn: TurnServer) -> None:
    ice = f"ice: {{turn: {{urls: '{turn.url}', secret: '{SECRET}'}}}}\n"
    async with broadcasting(LESSON + ice) as lesson, student(lesson.port) as each:
        offer = await each.offer()
        assert " typ relay " in offer["sdp"]
        assert not complaints(lesson)


async def test_picture_and_sound_pass_our_own_relay(turn: TurnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lesson behind a router that lets nothing in: all packets go through coturn, as our viewer's end wants it."""
    only_relayed = functools.partial(RTCConfiguration, iceTransportPolicy=RTCIceTransportPolicy.RELAY)
    monkeypatch.setattr("classroom.webrtc.viewer.RTCConfiguration", only_relayed)
    ice = f"ice: {{turn: {{urls: '{turn.url}', secret: '{SECRET}'}}}}\n"
    async with broadcasting(LESSON + ice) as lesson, student(lesson.port) as each:
        await each.watch()
        await eventually(lambda: each.pictures > 10, within=60)
        candidates = [line for line in each.offers[0]["sdp"].splitlines() if line.startswith("a=candidate")]
        assert candidates
        assert all(" typ relay " in line for line in candidates)
