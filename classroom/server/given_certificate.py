"""A certificate from files, such as a school's own or one of Let's Encrypt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from classroom.common.alarms import Alarm, Alarms
from classroom.common.errors import SetupError
from classroom.common.paths import read_file
from classroom.common.sentences import Wording
from classroom.lesson.certificate import LARGEST, certificate_trouble
from classroom.server.authority import Authority
from classroom.server.tls import server_context

__all__ = ["GivenCertificate"]

logger = logging.getLogger(__name__)

_LOOK_EVERY: Final = 60.0
"""Seconds between two looks at the files."""

_WARN_BEFORE: Final = timedelta(days=14)

_UNUSABLE: Final = Wording(
    "tls.unusable", "The new https certificate cannot be used, so the old one stays in use: {why}."
)
_EXPIRED: Final = Wording(
    "tls.expired",
    "The https certificate expired on {date}, and browsers refuse it. Put a new one into {file}.",
)
_EXPIRES: Final = Wording("tls.expires", "The https certificate is only valid until {date}. Put a new one into {file}.")


class GivenCertificate:
    """A certificate from files, such as one of Let's Encrypt; loaded again whenever they change.

    Args:
        certificate: the certificate and its chain, PEM.
        key: its private key, PEM, not encrypted.
        alarms: where alarms about an old certificate and about unusable files are raised.
        now: returns the time.
    """

    def __init__(
        self, certificate: Path, key: Path, *, alarms: Alarms, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._certificate = certificate
        self._key = key
        self._alarms = alarms
        self._now = now
        self._loaded: tuple[object, ...] | None = None
        self._until: datetime | None = None
        self._names: tuple[str, ...] = ()
        self.context = server_context()

    @property
    def authority(self) -> Authority | None:
        """None: browsers usually trust the authority of such a certificate already."""
        return None

    @property
    def names(self) -> Sequence[str]:
        """The DNS names that it is for, in their order; one may begin with a star."""
        return self._names

    def prepare(self) -> None:
        """Load the files. Raises SetupError that says what is wrong with them."""
        if (trouble := self._load()) is not None:
            raise SetupError(f"https cannot start: {trouble}.")
        self._tell_age()

    async def keep_current(self) -> None:
        """Load the files again when they change, and watch the age of the certificate, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self.renew()

    def renew(self) -> None:
        """Load the files when they are others than those loaded; files that cannot be used change nothing."""
        if self._loaded != self._state():
            trouble = self._load()
            if trouble is None:
                logger.info("the certificate was loaded again; it is valid until %s", self._until)
                self._alarms.clear("tls.files")
            else:
                sentence = _UNUSABLE(why=trouble)
                logger.warning("%s", sentence)
                self._alarms.put(Alarm("tls.files", sentence))
        self._tell_age()

    def _state(self) -> tuple[object, ...] | None:
        try:
            stats = [path.stat() for path in (self._certificate, self._key)]
        except OSError:
            return None
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in stats)

    def _load(self) -> str | None:
        """Take the files; what is wrong with them otherwise."""
        state = self._state()
        if (trouble := certificate_trouble(self._certificate, self._key)) is not None:
            return trouble.sentence
        try:
            # A context keeps one certificate for each kind of key: the old one would stay beside one of another kind.
            context = server_context()
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
            certificate = x509.load_pem_x509_certificate(read_file(self._certificate, LARGEST))
            self._until = certificate.not_valid_after_utc
            self._names = _names(certificate)
            self.context = context
        except (OSError, ValueError) as error:
            return f"{self._certificate} cannot be read: {error}"
        self._loaded = state
        return None

    def _tell_age(self) -> None:
        if self._until is None:
            return
        left = self._until - self._now()
        if left <= timedelta(0):
            sentence = _EXPIRED(date=f"{self._until:%Y-%m-%d}", file=str(self._certificate))
            self._alarms.put(Alarm("tls.expired", sentence))
            self._alarms.clear("tls.expires")
        elif left < _WARN_BEFORE:
            self._alarms.clear("tls.expired")
            sentence = _EXPIRES(date=f"{self._until:%Y-%m-%d}", file=str(self._certificate))
            self._alarms.put(Alarm("tls.expires", sentence))
        else:
            self._alarms.clear("tls.expired")
            self._alarms.clear("tls.expires")


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names of a certificate. Its common name is none: browsers do not look there any more."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))


def _no_password() -> str:
    """Keeps OpenSSL from asking at the terminal for the password of a key; such keys were refused before."""
    return ""
