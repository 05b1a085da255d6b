"""What the authority certifies, and what others may conclude from that."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from classroom.server.authority import Authority, Leaf, UnusableCertificate, fingerprint

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NAMES = ["localhost", "127.0.0.1", "::1", "192.168.1.7", "desk.local", "desk"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.make("Desk", NOW)


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.certify(NAMES, NOW)


def test_the_authority_is_one_of_the_narrow_kind(authority: Authority) -> None:
    certificate = authority.certificate
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert (basic.value.ca, basic.value.path_length) == (True, 0)
    limits = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert [each.value for each in limits.value.permitted_subtrees or []] == ["localhost", "local", "desk"]
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert 3650 <= (certificate.not_valid_after_utc - NOW).days <= 3653
    assert certificate.not_valid_before_utc < NOW


def test_the_leaf_is_what_browsers_ask_for(authority: Authority, leaf: Leaf) -> None:
    certificate = leaf.certificate
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=398)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.names == set(NAMES)
    assert leaf.key.private_numbers() != authority.key.private_numbers()


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_verifies_the_chain(authority: Authority, leaf: Leaf, name: str) -> None:
    subject: x509.DNSName | x509.IPAddress
    try:
        subject = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        subject = x509.DNSName(name)
    verifier = PolicyBuilder().store(Store([authority.certificate])).time(NOW).build_server_verifier(subject)
    assert verifier.verify(leaf.certificate, []) == [leaf.certificate, authority.certificate]


def test_a_certificate_for_a_site_of_the_internet_is_not_believed(authority: Authority) -> None:
    assert not authority.may_certify("bank.example")
    assert authority.certify(["bank.example", "localhost"], NOW).names == {"localhost"}
    leaf = _Careless(authority.certificate, authority.key).certify(["bank.example"], NOW)
    assert leaf.names == {"bank.example"}
    verifier = (
        PolicyBuilder()
        .store(Store([authority.certificate]))
        .time(NOW)
        .build_server_verifier(x509.DNSName("bank.example"))
    )
    with pytest.raises(VerificationError):
        verifier.verify(leaf.certificate, [])


class _Careless(Authority):
    """Whoever stole the key."""

    def may_certify(self, name: str) -> bool:
        return True


def test_a_leaf_does_not_outlive_its_authority(authority: Authority) -> None:
    late = authority.certificate.not_valid_after_utc - timedelta(days=40)
    leaf = authority.certify(["localhost"], late)
    assert leaf.certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_what_is_kept_is_read_again(authority: Authority, leaf: Leaf) -> None:
    again = Authority.from_pem(authority.pem())
    assert again.certificate == authority.certificate
    assert again.certified(Leaf.from_pem(leaf.pem()))
    assert not Authority.make("desk", NOW).certified(leaf)
    assert b"PRIVATE" not in authority.public_pem()
    assert fingerprint(authority.certificate) == fingerprint(again.certificate)
    assert len(fingerprint(authority.certificate)) == 32 * 3 - 1


def test_what_is_damaged_is_refused(authority: Authority, leaf: Leaf) -> None:
    other = Authority.make("desk", NOW)
    key, certificate = authority.pem().split(b"-----BEGIN CERTIFICATE-----")
    for broken in (
        b"",
        b"not a certificate",
        authority.public_pem(),
        authority.pem()[:-40],
        key + other.public_pem(),
        leaf.pem(),
        key,
    ):
        with pytest.raises(UnusableCertificate):
            Authority.from_pem(broken)
    assert certificate


@pytest.mark.parametrize("computer", ["", "教室", "10.0.0.1", "a" * 300, "with_underscore", "desk.school.example"])
def test_a_computer_may_have_any_name(computer: str) -> None:
    authority = Authority.make(computer, NOW)
    assert authority.certify(["localhost", "127.0.0.1"], NOW).names == {"localhost", "127.0.0.1"}
