"""A certificate from files, as time goes by and the files change."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from classroom.common.alarms import Alarms
from classroom.common.errors import SetupError
from classroom.server.authority import Authority
from classroom.server.given_certificate import GivenCertificate
from tests.support.handshake import shown

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class World:
    """The time and the alarms."""

    time: datetime = START
    alarms: Alarms = field(default_factory=lambda: Alarms(lambda: None))

    def given(self, certificate: Path, key: Path) -> GivenCertificate:
        return GivenCertificate(certificate, key, alarms=self.alarms, now=lambda: self.time)

    @property
    def codes(self) -> list[str]:
        return [alarm.code for alarm in self.alarms.raised()]


@pytest.fixture
def world() -> World:
    return World()


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


def test_a_certificate_with_another_kind_of_key_leaves_none_of_the_old(world: World, tmp_path: Path) -> None:
    certificate, key = write(tmp_path)
    elliptic = [file.read_bytes() for file in (certificate, key)]
    rsa_key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "school")])
    old = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(rsa_key.public_key())
        .serial_number(7).not_valid_before(START).not_valid_after(START + timedelta(days=30))
        .sign(rsa_key, hashes.SHA256())
    )  # fmt: skip
    certificate.write_bytes(old.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        rsa_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    given = world.given(certificate, key)
    given.prepare()
    assert shown(given.context, ciphers="ECDHE+aRSA") == old
    for file, content in zip((certificate, key), elliptic, strict=True):
        file.write_bytes(content)
    given.renew()
    assert shown(given.context) == x509.load_pem_x509_certificate(elliptic[0])
    with pytest.raises(ssl.SSLError):
        shown(given.context, ciphers="ECDHE+aRSA")


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
