"""A private certificate authority for one computer, and what it certifies: the names and addresses of that computer.

A browser calls a page secure only when an authority that it trusts has certified the address, and no public authority
certifies ``192.168.1.7``. So each computer that teaches has an authority of its own, which students and teachers may
choose to trust. Abuse of that trust is limited: the authority cannot certify names of the internet (RFC 5280,
4.2.1.10), only ``localhost``, names that end in ``.local``, this computer's own name, and bare IP addresses.

Pure: time comes in, certificates come out; ``own_certificates.py`` keeps them on the disk and serves them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["AUTHORITY_DAYS", "LEAF_DAYS", "Authority", "Leaf", "UnusableCertificate", "fingerprint"]

AUTHORITY_DAYS: Final = 3652
LEAF_DAYS: Final = 397
"""Browsers refuse a certificate that is valid for longer than 398 days."""

_PLAIN_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9][a-z0-9-]{0,62}(\.[a-z0-9][a-z0-9-]{0,62})*")

_MARGIN_FOR_SLOW_CLOCKS: Final = timedelta(days=1)
"""Certificates are valid from this much earlier: the clock of a student's computer may be behind."""


class UnusableCertificate(ValueError):
    """A stored file is not an authority or not a certificate of it; the message says why, for the log."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate for the listener, with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read key and certificate; raises UnusableCertificate."""
        return cls(*_read(pem))

    @property
    def names(self) -> frozenset[str]:
        """The DNS names and IP addresses it is valid for."""
        try:
            names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return frozenset()
        addresses = [str(each) for each in names.get_values_for_type(x509.IPAddress)]
        return frozenset([*names.get_values_for_type(x509.DNSName), *addresses])

    def pem(self, password: bytes | None = None) -> bytes:
        """Key and certificate as a TLS server wants them; with a password the key is encrypted."""
        return _pem_of_key(self.key, password) + _pem_of(self.certificate)


@dataclass(frozen=True, slots=True)
class Authority:
    """A private authority: its certificate, which others may trust, and its key, which never leaves this computer."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, computer: str, now: datetime) -> Self:
        """A fresh one for the computer of this name, valid for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "classroom"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"classroom lessons on {computer}"[:64]),
            ]
        )
        allowed = [x509.DNSName(each) for each in ("localhost", "local", *_own_names(computer))]
        public = key.public_key()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _MARGIN_FOR_SLOW_CLOCKS)
            .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(certificates=True), critical=True)
            .add_extension(x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read key and certificate; raises UnusableCertificate."""
        certificate, key = _read(pem)
        try:
            basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
            certificate.extensions.get_extension_for_class(x509.NameConstraints)
        except x509.ExtensionNotFound:
            raise UnusableCertificate("it is not the certificate of an authority as they are made here") from None
        if not basic.ca:
            raise UnusableCertificate("it is not the certificate of an authority")
        return cls(certificate, key)

    def pem(self) -> bytes:
        """Key and certificate; secret."""
        return _pem_of_key(self.key) + _pem_of(self.certificate)

    def public_pem(self) -> bytes:
        """The certificate alone, for those who will trust it."""
        return _pem_of(self.certificate)

    def may_certify(self, name: str) -> bool:
        """Whether a certificate of this authority for a DNS name or an IP address is believed."""
        if _address(name) is not None:
            return True
        allowed = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
        subtrees = [each.value for each in allowed or () if isinstance(each, x509.DNSName)]
        return any(name == subtree or name.endswith(f".{subtree}") for subtree in subtrees)

    def certify(self, names: Sequence[str], now: datetime) -> Leaf:
        """A certificate for these DNS names and IP addresses; names that it cannot certify are left out."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key()
        kept = [name for name in dict.fromkeys(names) if self.may_certify(name)]
        until = min(now + timedelta(days=LEAF_DAYS) - _MARGIN_FOR_SLOW_CLOCKS, self.certificate.not_valid_after_utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "classroom")]))
            .issuer_name(self.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _MARGIN_FOR_SLOW_CLOCKS)
            .not_valid_after(until)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in kept]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Leaf(certificate, key)

    def certified(self, leaf: Leaf) -> bool:
        """Whether this authority issued a certificate."""
        try:
            leaf.certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 as the dialogs of all systems show it: ``AB:CD:…``."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _own_names(computer: str) -> list[str]:
    """The computer's name, where it is one that every verifier reads as a name."""
    name = computer.lower()
    return [name] if _PLAIN_NAME.fullmatch(name) and _address(name) is None else []


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _general_name(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _read(pem: bytes) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise UnusableCertificate(f"it cannot be read: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UnusableCertificate("its key is of another kind")
    if key.public_key() != certificate.public_key():
        raise UnusableCertificate("key and certificate do not belong together")
    return certificate, key


def _pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_of_key(key: ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
