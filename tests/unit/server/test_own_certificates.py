"""The certificates of this computer's own authority, as time goes by and files change."""

from __future__ import annotations

import errno
import os
import ssl
import stat
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classroom.common.alarms import Alarms
from classroom.server.authority import Authority
from classroom.server.own_certificates import OwnCertificates
from tests.support.handshake import shown

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class World:
    """The time, the addresses and the alarms of one computer."""

    folder: Path
    time: datetime = START
    names: list[str] = field(default_factory=lambda: ["localhost", "127.0.0.1"])
    alarms: Alarms = field(default_factory=lambda: Alarms(lambda: None))

    def start(self, *, folder: Path | None = None) -> OwnCertificates:
        own = OwnCertificates(
            folder=folder or self.folder, names=lambda: self.names, alarms=self.alarms, now=lambda: self.time
        )
        own.prepare()
        return own

    @property
    def codes(self) -> list[str]:
        return [alarm.code for alarm in self.alarms.raised()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "home" / "tls")


def test_it_is_made_once_and_kept(world: World) -> None:
    first, second = world.start(), world.start()
    assert first.authority is not None
    assert second.authority is not None
    assert first.authority.certificate == second.authority.certificate
    assert shown(first.context) == shown(second.context)
    assert first.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert world.codes == []


@pytest.mark.skipif(sys.platform == "win32", reason="a user's folders are private there by themselves")
def test_nobody_else_can_read_the_keys(world: World) -> None:
    earlier = os.umask(0)
    try:
        world.start()
    finally:
        os.umask(earlier)
    assert stat.S_IMODE(world.folder.stat().st_mode) == 0o700
    files = sorted(world.folder.iterdir())
    assert [each.name for each in files] == ["authority.pem", "certificate.pem"]
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_a_new_address_gets_a_new_certificate_while_the_lesson_runs(world: World) -> None:
    own = world.start()
    before = shown(own.context)
    own.renew(world.names)
    assert shown(own.context) == before
    own.renew([*world.names, "192.168.1.7"])
    assert own.leaf is not None
    assert shown(own.context) == own.leaf.certificate != before
    assert "192.168.1.7" in own.leaf.names
    own.renew(world.names)  # back at home: what is valid for more stays
    assert "192.168.1.7" in own.leaf.names


def test_it_is_renewed_before_it_ends_while_the_lesson_runs(world: World) -> None:
    own = world.start()
    authority, before = own.authority, shown(own.context)
    world.time = before.not_valid_after_utc - timedelta(days=31)
    own.renew(world.names)
    assert shown(own.context) == before
    world.time = before.not_valid_after_utc - timedelta(days=29)
    own.renew(world.names)
    after = shown(own.context)
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert own.authority is authority
    assert shown(world.start().context) == after


def test_an_authority_near_its_end_is_made_anew(world: World, caplog: pytest.LogCaptureFixture) -> None:
    own = world.start()
    assert own.authority is not None
    before = own.authority.certificate
    world.time = before.not_valid_after_utc - timedelta(days=20)
    own.renew(world.names)
    assert own.authority.certificate != before
    assert own.leaf is not None
    assert own.authority.certified(own.leaf)
    assert "authority.pem is replaced" in caplog.text
    assert len(list(world.folder.glob("authority.pem.*.old"))) == 1


def test_what_was_made_while_the_clock_was_wrong_is_made_anew(world: World) -> None:
    """Browsers refuse a certificate of the future as they refuse one of the past."""
    world.time = START + timedelta(days=20)
    ahead = world.start()
    world.time = START
    own = world.start()
    assert own.authority is not None
    assert ahead.authority is not None
    assert own.authority.certificate != ahead.authority.certificate
    assert own.authority.certificate.not_valid_before_utc <= START
    assert shown(own.context).not_valid_before_utc <= START


def test_a_computer_that_forgot_the_time_keeps_whom_people_trust(world: World) -> None:
    before = world.start()
    world.time = datetime(1970, 1, 1, tzinfo=UTC)
    world.names.append("192.168.1.7")  # a new certificate is needed as well
    early = world.start()
    assert world.codes == ["tls.clock"]
    assert early.leaf is not None
    assert early.authority is not None
    assert early.authority.certified(early.leaf)
    kept = early.leaf
    early.renew(world.names)
    assert early.leaf is kept, "a wrong clock makes no certificate each minute"
    world.time = START + timedelta(minutes=1)
    early.renew(world.names)
    assert world.codes == []
    later = world.start()
    assert before.authority is not None
    for own in (early, later):
        assert own.authority is not None
        assert own.authority.certificate == before.authority.certificate
    assert not list(world.folder.glob("*.old"))


def test_an_authority_that_was_made_before_the_time_was_known_lasts(world: World) -> None:
    world.time = datetime(1970, 1, 1, tzinfo=UTC)
    made = world.start().authority
    world.time = START
    later = world.start()
    assert made is not None
    assert later.authority is not None
    assert later.authority.certificate == made.certificate
    assert later.leaf is not None
    assert later.leaf.certificate.not_valid_before_utc <= START < later.leaf.certificate.not_valid_after_utc


def test_an_authority_that_cannot_be_read_is_told(world: World) -> None:
    (world.folder / "authority.pem").mkdir(parents=True)  # no permissions hold for an administrator, this does
    own = world.start()
    assert own.authority is not None
    assert world.codes == ["tls.not_kept"]
    assert "authority.pem cannot be read" in world.alarms.raised()[0].sentence


@pytest.mark.parametrize("name", ["authority.pem", "certificate.pem"])
@pytest.mark.parametrize(
    "damage", [b"", b"\x00\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_file_is_put_aside(world: World, name: str, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    before = world.start()
    (world.folder / name).write_bytes(damage)
    after = world.start()
    assert after.authority is not None
    assert before.authority is not None
    assert (after.authority.certificate == before.authority.certificate) == (name == "certificate.pem")
    assert after.leaf is not None
    assert after.authority.certified(after.leaf)
    assert f"{name} is replaced" in caplog.text
    assert [each.read_bytes() for each in world.folder.glob(f"{name}.*.old")] == [damage]


def test_where_nothing_can_be_kept_it_lives_in_memory(world: World, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    own = world.start(folder=file / "tls")
    assert own.leaf is not None
    assert shown(own.context) == own.leaf.certificate
    assert world.codes == ["tls.not_kept"]


def test_two_lessons_that_start_at_once_agree(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rival = Authority.make("rival", START)
    real = Authority.make.__func__  # type: ignore[attr-defined]

    def slowly(computer: str, now: datetime) -> Authority:
        world.folder.mkdir(parents=True)
        (world.folder / "authority.pem").write_bytes(rival.pem())
        made: Authority = real(Authority, computer, now)
        return made

    monkeypatch.setattr(Authority, "make", slowly)
    own = world.start()
    assert own.authority is not None
    assert own.authority.certificate == rival.certificate


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="a file cannot be in memory there")
def test_where_every_disk_is_full_https_starts_nevertheless(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkstemp", full)
    own = world.start()
    assert shown(own.context).not_valid_after_utc > START
    assert world.codes == ["tls.not_kept"]
