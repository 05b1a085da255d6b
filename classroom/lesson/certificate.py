"""Whether the files of a certificate can be used for https; asked when a lesson is read and again while it runs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from classroom.common.paths import NotAFile, read_file
from classroom.common.sentences import Wording

__all__ = ["LARGEST", "CertificateTrouble", "certificate_trouble"]

_NO_FILE: Final = Wording("certificate.no_file", "there is no file {file}")
_FOLDER: Final = Wording("certificate.folder", "{file} is a folder")
_PIPE: Final = Wording("certificate.pipe", "{file} is a pipe or a device, not a file")
_UNREADABLE: Final = Wording("certificate.unreadable", "{file} cannot be read: {fault}")

LARGEST: Final = 1024 * 1024
"""Bytes of a file of certificates; the longest chains have some ten thousand."""


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
        return CertificateTrouble(
            "key",
            Wording("certificate.encrypted", "the key in {file} is encrypted; save it without a password")(
                file=str(key)
            ),
        )
    except ssl.SSLError as error:
        return _refused(certificate, key, error.reason)
    except OSError as error:
        return CertificateTrouble(
            "certificate",
            _UNREADABLE(file=str(certificate), fault=str(error.strerror or error)),
        )
    return None


def _refused(certificate: Path, key: Path, reason: str | None) -> CertificateTrouble:
    """Why OpenSSL does not take two files that can be read; ``reason`` is its own word for it."""
    if reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
        return CertificateTrouble(
            "key",
            Wording("certificate.other_key", "the key in {key} does not belong to the certificate in {certificate}")(
                key=str(key), certificate=str(certificate)
            ),
        )
    if not _holds(certificate, b"CERTIFICATE"):
        return CertificateTrouble(
            "certificate",
            Wording("certificate.none", "{file} does not contain a certificate; it must be a PEM file")(
                file=str(certificate)
            ),
        )
    if not _holds(key, b"PRIVATE KEY"):
        return CertificateTrouble(
            "key",
            Wording("certificate.no_key", "{file} does not contain a private key; it must be a PEM file")(
                file=str(key)
            ),
        )
    return CertificateTrouble(
        "certificate",
        Wording("certificate.unusable", "{certificate} and {key} cannot be used for https: {reason}")(
            certificate=str(certificate), key=str(key), reason=(reason or "unknown").replace("_", " ").lower()
        ),
    )


def _ask() -> str:
    raise _Encrypted


def _unreadable(path: Path) -> str | None:
    try:
        read_file(path, LARGEST)
    except FileNotFoundError:
        return _NO_FILE(file=str(path))
    except IsADirectoryError:
        return _FOLDER(file=str(path))
    except NotAFile:
        return _PIPE(file=str(path))
    except OSError as error:
        return _UNREADABLE(file=str(path), fault=str(error.strerror or error))
    return None


def _holds(path: Path, what: bytes) -> bool:
    return what + b"-----" in read_file(path, LARGEST)
