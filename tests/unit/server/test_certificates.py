"""What the https listener shows, as time goes by and files change; handshakes are made in memory."""

from __future__ import annotations

import os
import ssl
import stat
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from classroom.alarms import Alarms
from classroom.errors import SetupError
from classroom.server.authority import Authority
from classroom.server.certificates import GivenCertificate, OwnCertificates

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

    def given(self, certificate: Path, key: Path) -> GivenCertificate:
        return GivenCertificate(certificate, key, alarms=self.alarms, now=lambda: self.time)

    @property
    def codes(self) -> list[str]:
        return [alarm.code for alarm in self.alarms.raised()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "home" / "tls")


def shown(context: ssl.SSLContext) -> x509.Certificate:
    """The certificate that a client gets to see."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    pending = [client, server]
    for _ in range(10):
        for end in list(pending):
            try:
                end.do_handshake()
                pending.remove(end)
            except ssl.SSLWantReadError:
                pass
    assert pending == []
    assert client.version() in ("TLSv1.2", "TLSv1.3")
    data = client.getpeercert(binary_form=True)
    assert data is not None
    return x509.load_der_x509_certificate(data)


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
    assert "authority.pem is made anew" in caplog.text
    assert len(list(world.folder.glob("authority.pem.*.old"))) == 1


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
    assert f"{name} is made anew" in caplog.text
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


# Files that were given


def write(folder: Path, *, days: int = 90, names: tuple[str, ...] = ("localhost",)) -> tuple[Path, Path]:
    """A certificate and its key that end so many days after the start of the world."""
    authority = Authority.make("given", START)
    leaf = authority.certify(names, START + timedelta(days=days - 396))
    pem = leaf.pem()
    key, certificate, rest = pem.partition(b"-----BEGIN CERTIFICATE-----")
    files = folder / "school.pem", folder / "school-key.pem"
    files[0].write_bytes(certificate + rest)
    files[1].write_bytes(key)
    return files


def test_given_files_are_shown(world: World, tmp_path: Path) -> None:
    certificate, key = write(tmp_path)
    given = world.given(certificate, key)
    given.prepare()
    assert shown(given.context) == x509.load_pem_x509_certificate(certificate.read_bytes())
    assert given.authority is None
    assert world.codes == []


@pytest.mark.parametrize(("days", "codes"), [(15, []), (13, ["tls.expires"]), (-1, ["tls.expired"])])
def test_the_age_of_a_given_certificate_is_told(world: World, tmp_path: Path, days: int, codes: list[str]) -> None:
    given = world.given(*write(tmp_path, days=days))
    given.prepare()
    assert world.codes == codes


def test_a_given_certificate_that_gets_old_and_is_replaced(world: World, tmp_path: Path) -> None:
    given = world.given(*write(tmp_path))
    given.prepare()
    world.time += timedelta(days=80)
    given.renew()
    assert world.codes == ["tls.expires"]
    world.time += timedelta(days=20)
    given.renew()
    assert world.codes == ["tls.expired"]
    certificate, _ = write(tmp_path, days=400)
    given.renew()
    assert world.codes == []
    assert shown(given.context) == x509.load_pem_x509_certificate(certificate.read_bytes())


def test_new_files_that_cannot_be_used_change_nothing(world: World, tmp_path: Path) -> None:
    certificate, key = write(tmp_path)
    given = world.given(certificate, key)
    given.prepare()
    before = shown(given.context)
    good = key.read_bytes()
    (tmp_path / "new").mkdir()
    new = write(tmp_path / "new")  # the certificate comes first, its key a moment later
    certificate.write_bytes(new[0].read_bytes())
    given.renew()
    assert world.codes == ["tls.files"]
    assert shown(given.context) == before
    key.write_bytes(new[1].read_bytes())
    given.renew()
    assert world.codes == []
    assert shown(given.context) != before
    assert good != key.read_bytes()


def test_files_that_cannot_be_used_at_the_start_are_an_error(world: World, tmp_path: Path) -> None:
    certificate, key = write(tmp_path)
    key.unlink()
    with pytest.raises(SetupError, match=r"https cannot start: there is no file .*school-key\.pem"):
        world.given(certificate, key).prepare()
