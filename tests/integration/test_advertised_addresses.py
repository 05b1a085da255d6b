"""Where people are told the lesson is: in the terminal, the state, the QR code and the links, also after a move."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from websockets.asyncio.client import connect

from classroom.broadcaster import Broadcaster
from classroom.common.alarms import Alarms
from classroom.common.clock import SystemClock
from classroom.features.publishing import PublishingFeature
from classroom.lesson import lesson_from_text
from classroom.server import advertised_addresses, endpoints
from classroom.server.join_code import qr_code
from classroom.server.own_certificates import OwnCertificates
from tests.support.broadcast import LESSON, TOKEN, broadcasting
from tests.support.process import teaching

PHONE = "sources: {phone: {kind: browser}, pause: {kind: card}}\nscenes: {talk: phone, away: pause}\n"


async def qr(port: int) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/join.svg") as response:
        return await response.read()


async def test_the_terminal_tells_the_public_address_and_where_the_teacher_here_finds_it(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(f"{PHONE}server: {{address: 'https://lesson.example:8443', path: /maths}}\n", "utf-8")
    async with teaching(str(file), "--host", "127.0.0.1", "--port", "0", env={"CLASSROOM_TOKEN": "s3cret"}) as running:
        lines = [line for line in running.lines if "://" in line]
        assert lines[0] == "Students:  https://lesson.example:8443/maths/"
        assert lines[1].startswith("Teacher:   http://127.0.0.1:")
        assert lines[1].endswith("/teach#token=s3cret")
        assert running.process.stdout is not None
        other = (await asyncio.wait_for(running.process.stdout.readline(), 30)).decode().strip()
        assert other == "https://lesson.example:8443/maths/teach#token=s3cret"
        assert await running.interrupt() == 0


async def test_state_code_and_invitation_have_the_public_address() -> None:
    async with broadcasting(f"{PHONE}server: {{address: 'https://lesson.example:8443'}}\n") as lesson:
        described = lesson.state()["lesson"]
        assert isinstance(described, dict)
        assert described["addresses"] == ["https://lesson.example:8443/"]
        assert described["secure_addresses"] == ["https://lesson.example:8443/"]
        assert await qr(lesson.port) == qr_code("https://lesson.example:8443/")
        invitation = lesson.feature(PublishingFeature).invite("phone")
        assert str(invitation["address"]).startswith("https://lesson.example:8443/send#source=phone&key=")


async def test_with_a_given_certificate_people_are_told_its_name(tmp_path: Path) -> None:
    authority = OwnCertificates(folder=tmp_path / "tls", names=lambda: ["desk.local"], alarms=Alarms(lambda: None))
    authority.prepare()
    assert authority.authority is not None
    leaf = authority.authority.certify(["desk.local"], datetime.now(UTC))
    key, line, rest = leaf.pem().partition(b"-----BEGIN CERTIFICATE-----")
    (tmp_path / "school.key").write_bytes(key)
    (tmp_path / "school.pem").write_bytes(line + rest)
    files = f"certificate: '{tmp_path / 'school.pem'}', key: '{tmp_path / 'school.key'}'"
    async with broadcasting(f"{PHONE}server: {{tls: {{{files}}}, tls_port: 0}}\n") as lesson:
        base = f"https://desk.local:{lesson.endpoints.tls_port}"
        assert lesson.secure_teacher_addresses() == [f"{base}/teach#token={quote(TOKEN, safe='')}"]
        assert lesson.state()["lesson"]["secure_addresses"] == [f"{base}/"]  # type: ignore[index]
        assert str(lesson.feature(PublishingFeature).invite("phone")["address"]).startswith(f"{base}/send#")
        async with aiohttp.ClientSession() as session:
            headers = {"Host": "desk.local"}
            async with session.get(f"http://127.0.0.1:{lesson.port}/healthz", headers=headers) as response:
                assert response.status == 200


async def test_a_teacher_who_is_there_is_told_when_the_computer_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ["192.0.2.20"]
    monkeypatch.setattr(endpoints, "_LOOK_EVERY", 0.1)
    monkeypatch.setattr(advertised_addresses, "reachable_hosts", lambda host: [*hosts, "127.0.0.1"])
    report = lesson_from_text(LESSON, "lesson.yaml")
    assert report.lesson is not None
    lesson = Broadcaster(report.lesson, host="127.0.0.1", port=0, token=TOKEN, clock=SystemClock())
    async with lesson, connect(f"ws://127.0.0.1:{lesson.port}/control") as teacher:
        hello = {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"token": TOKEN}}
        await teacher.send(json.dumps(hello))
        old = f"http://192.0.2.20:{lesson.port}/"
        assert json.loads(await teacher.recv())["result"]["state"]["lesson"]["addresses"][0] == old
        assert await qr(lesson.port) == qr_code(old)
        hosts[:] = ["198.51.100.7"]
        new = [f"http://198.51.100.7:{lesson.port}/", f"http://127.0.0.1:{lesson.port}/"]
        async with asyncio.timeout(40):
            async for frame in teacher:
                if (told := json.loads(frame)["params"].get("lesson")) is not None:
                    assert told["addresses"] == new
                    break
        assert await qr(lesson.port) == qr_code(new[0])
