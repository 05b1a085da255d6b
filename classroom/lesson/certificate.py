"""Whether the files of a certificate can be used for https; asked when a lesson is read and again while it runs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["CertificateTrouble", "certificate_trouble"]


@dataclass(frozen=True, slots=True)
class CertificateTrouble:
    """What is wrong, and which key of ``server.tls`` names the file."""

    key: Literal["certificate", "key"]
    sentence: str


class _Encrypted(Exception):
    """The key asks for a password."""


def certificate_trouble(certificate: Path, key: Path) -> CertificateTrouble | None:
    """What is wrong with these two files; None when they can be used. The age of the certificate is not looked at."""
    if (why := _unreadable(certificate)) is not None:
        return CertificateTrouble("certificate", why)
    if (why := _unreadable(key)) is not None:
        return CertificateTrouble("key", why)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_ask)
    except _Encrypted:
        return CertificateTrouble("key", f"the key in {key} is encrypted; write it without a password")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH" or error.reason == "KEY_TYPE_MISMATCH":
            return CertificateTrouble("key", f"the key in {key} is not that of the certificate in {certificate}")
        if not _holds(certificate, b"CERTIFICATE"):
            return CertificateTrouble("certificate", f"there is no certificate in {certificate}; it must be a PEM file")
        if not _holds(key, b"PRIVATE KEY"):
            return CertificateTrouble("key", f"there is no private key in {key}; it must be a PEM file")
        reason = (error.reason or "unknown").replace("_", " ").lower()
        return CertificateTrouble("certificate", f"{certificate} and {key} cannot be used for https: {reason}")
    except OSError as error:
        return CertificateTrouble("certificate", f"{certificate} cannot be read: {error.strerror or error}")
    return None


def _ask() -> str:
    raise _Encrypted


def _unreadable(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        return f"there is no file {path}"
    except IsADirectoryError:
        return f"{path} is a folder"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}"
    return None


def _holds(path: Path, what: bytes) -> bool:
    return what + b"-----" in path.read_bytes()
