"""What the https listener shows: certificates of this computer's own authority, or files that were given.

Both kinds hold one ``SSLContext`` for as long as the lesson runs and load newer certificates into it; connections that
stand keep theirs, the next handshake gets the new one. ``prepare`` comes before the port opens, ``keep`` runs beside
the lesson.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import ssl
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509

from classroom.alarms import Alarm, Alarms
from classroom.errors import SetupError
from classroom.files import home_folder
from classroom.lesson.certificate import certificate_trouble
from classroom.lesson.sections import ServerSection
from classroom.server.addresses import certified_names
from classroom.server.authority import Authority, Leaf, UnusableCertificate, fingerprint
from classroom.wording import Wording

__all__ = ["Certificates", "GivenCertificate", "OwnCertificates", "certificates_for"]

logger = logging.getLogger(__name__)

_LOOK_EVERY: Final = 60.0
"""Seconds between two looks at the addresses of this computer, or at the files that were given."""

_RENEW_BEFORE: Final = timedelta(days=30)
_WARN_BEFORE: Final = timedelta(days=14)

_AUTHORITY_FILE: Final = "authority.pem"
_LEAF_FILE: Final = "certificate.pem"

_NOT_KEPT: Final = Wording(
    "tls.not_kept",
    "The certificate for https is a new one at each start, because {why}. Make that folder writable, or name another "
    "in the environment variable CLASSROOM_HOME.",
)
_NO_HOME: Final = Wording("tls.no_home", "this user has no home folder")
_NOT_WRITABLE: Final = Wording("tls.not_writable", "{folder} cannot be written ({fault})")
_UNUSABLE: Final = Wording("tls.unusable", "The new certificate for https cannot be used, the one before stays: {why}.")
_EXPIRED: Final = Wording(
    "tls.expired",
    "The certificate for https is out of date since {date}, and browsers refuse it. Put a new one into {file}.",
)
_EXPIRES: Final = Wording(
    "tls.expires", "The certificate for https is valid until {date} only. Put a new one into {file}."
)


class Certificates(Protocol):
    """What shows a certificate to those who connect; ``context`` is what handshakes are made with."""

    context: ssl.SSLContext

    @property
    def authority(self) -> Authority | None:
        """Whom students may choose to trust; None where nobody needs to."""
        ...

    def prepare(self) -> None:
        """Load the first certificate. Raises SetupError when there is none."""
        ...

    async def keep(self) -> None:
        """Load newer ones as they are needed, until cancelled."""
        ...


def certificates_for(server: ServerSection, *, host: str, alarms: Alarms) -> Certificates | None:
    """What a lesson asks for, when it listens on ``host``; None for one without https."""
    match server.tls:
        case "none":
            return None
        case "auto":
            home = home_folder()
            return OwnCertificates(
                folder=None if home is None else home / "tls", names=lambda: certified_names(host), alarms=alarms
            )
        case given:
            return GivenCertificate(given.certificate, given.key, alarms=alarms)


def _tls_context() -> ssl.SSLContext:
    """A context for a server, without a certificate yet: TLS 1.2 or newer, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _utc_now() -> datetime:
    return datetime.now(UTC)


class OwnCertificates:
    """Certificates of an authority that this computer makes once and keeps.

    Args:
        folder: where authority and certificate are kept, readable for this user only; None: nowhere. Where it cannot
            be written they are new ones at each start, with an alarm.
        names: tells the names and addresses to vouch for; called again and again, in a thread.
        alarms: where troubles are put.
        now: tells the time.
    """

    def __init__(
        self,
        *,
        folder: Path | None,
        names: Callable[[], Sequence[str]],
        alarms: Alarms,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._folder = folder
        self._names = names
        self._alarms = alarms
        self._now = now
        self._authority: Authority | None = None
        self._leaf: Leaf | None = None
        self.context = _tls_context()

    @property
    def authority(self) -> Authority | None:
        """Whom students may choose to trust; there once prepared."""
        return self._authority

    @property
    def leaf(self) -> Leaf | None:
        """What is shown now."""
        return self._leaf

    def prepare(self) -> None:
        """Take authority and certificate from the folder, or make them. Raises SetupError where that cannot be."""
        try:
            self.renew(self._names())
        except OSError as error:
            raise SetupError(
                f"https cannot start: {error}. Is the disk full, or the folder for temporary files not writable?"
            ) from error

    async def keep(self) -> None:
        """Renew whenever an address is new or the end is near, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self.renew(await asyncio.to_thread(self._names))

    def renew(self, names: Sequence[str]) -> None:
        """Make what is missing, too old, or not valid for one of these names; nothing when all is well."""
        authority = self._authority = self._usable_authority()
        leaf = self._leaf or self._kept_leaf()
        if leaf is None or not self._is_good(leaf, authority, names):
            leaf = authority.certify(names, self._now())
            self._keep_file(_LEAF_FILE, leaf.pem())
            logger.info("a certificate for %s, valid until %s", ", ".join(names), _day(leaf.certificate))
        if leaf is not self._leaf:
            _load(self.context, leaf)
            self._leaf = leaf

    def _is_good(self, leaf: Leaf, authority: Authority, names: Sequence[str]) -> bool:
        wanted = {name for name in names if authority.may_certify(name)}
        return authority.certified(leaf) and wanted <= leaf.names and self._lasts(leaf.certificate)

    def _lasts(self, certificate: x509.Certificate) -> bool:
        now = self._now()
        return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _RENEW_BEFORE

    def _usable_authority(self) -> Authority:
        if self._authority is not None and self._lasts(self._authority.certificate):
            return self._authority
        kept = self._kept_authority()
        if kept is not None:
            return kept
        made = Authority.make(socket.gethostname(), self._now())
        if not self._keep_file(_AUTHORITY_FILE, made.pem(), first=True):
            # Another lesson on this computer may have made one in the same moment; then that one counts.
            made = self._kept_authority() or made
        logger.info("the authority of this computer is %s", fingerprint(made.certificate))
        return made

    def _kept_authority(self) -> Authority | None:
        pem = self._kept_file(_AUTHORITY_FILE)
        if pem is None:
            return None
        try:
            authority = Authority.from_pem(pem)
        except UnusableCertificate as error:
            self._put_aside(_AUTHORITY_FILE, str(error))
            return None
        if not self._lasts(authority.certificate):
            self._put_aside(_AUTHORITY_FILE, f"it is valid until {_day(authority.certificate)}")
            return None
        return authority

    def _kept_leaf(self) -> Leaf | None:
        pem = self._kept_file(_LEAF_FILE)
        if pem is None:
            return None
        try:
            return Leaf.from_pem(pem)
        except UnusableCertificate as error:
            self._put_aside(_LEAF_FILE, str(error))
            return None

    # The folder

    def _kept_file(self, name: str) -> bytes | None:
        if self._folder is None:
            return None
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("%s cannot be read: %s", self._folder / name, error.strerror or error)
            return None

    def _keep_file(self, name: str, content: bytes, *, first: bool = False) -> bool:
        """Write a file whole or not at all, for this user only.

        False when ``first`` was asked for and somebody else was, or when it cannot be kept.
        """
        if self._folder is None:
            self._cannot_keep(_NO_HOME())
            return False
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self._folder / name, content, first=first)
        except FileExistsError:
            return False
        except OSError as error:
            self._cannot_keep(_NOT_WRITABLE(folder=str(self._folder), fault=str(error.strerror or error)))
            return False
        return True

    def _cannot_keep(self, why: str) -> None:
        sentence = _NOT_KEPT(why=why)
        logger.warning("%s", sentence)
        self._alarms.put(Alarm("tls.not_kept", sentence))

    def _put_aside(self, name: str, why: str) -> None:
        assert self._folder is not None
        aside = self._folder / f"{name}.{self._now():%Y%m%d-%H%M%S}.old"
        try:
            os.replace(self._folder / name, aside)
        except OSError as error:
            logger.warning("%s cannot be used: %s; nor put aside: %s", self._folder / name, why, error.strerror)
            return
        logger.warning("%s is made anew: %s. The old one is %s now.", self._folder / name, why, aside.name)


class GivenCertificate:
    """A certificate from files, as a school's own or one of Let's Encrypt; loaded again whenever they change.

    Args:
        certificate: the certificate and its chain, PEM.
        key: its private key, PEM, not encrypted.
        alarms: where it is said that the certificate is too old, or that new files cannot be used.
        now: tells the time.
    """

    def __init__(self, certificate: Path, key: Path, *, alarms: Alarms, now: Callable[[], datetime] = _utc_now) -> None:
        self._certificate = certificate
        self._key = key
        self._alarms = alarms
        self._now = now
        self._loaded: tuple[object, ...] | None = None
        self._until: datetime | None = None
        self.context = _tls_context()

    @property
    def authority(self) -> Authority | None:
        """None: whoever made the certificate tells whom to trust, and most often everybody does already."""
        return None

    def prepare(self) -> None:
        """Load the files. Raises SetupError that says what is wrong with them."""
        if (trouble := self._load()) is not None:
            raise SetupError(f"https cannot start: {trouble}.")
        self._tell_age()

    async def keep(self) -> None:
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
            self.context.load_cert_chain(self._certificate, self._key, password=_no_password)
            self._until = x509.load_pem_x509_certificate(self._certificate.read_bytes()).not_valid_after_utc
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


def _no_password() -> str:
    """Keeps OpenSSL from asking at the terminal for the password of a key; such keys were refused before."""
    return ""


def _load(context: ssl.SSLContext, leaf: Leaf) -> None:
    """Load a certificate from memory; the library reads files only, so the key goes there encrypted, for a moment."""
    password = secrets.token_hex(32)
    descriptor, name = tempfile.mkstemp(prefix="classroom-", suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(leaf.pem(password.encode()))
        context.load_cert_chain(name, password=password)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)


def _write(path: Path, content: bytes, *, first: bool) -> None:
    # mkstemp makes files that only this user can read.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if first:
            _take_place(name, path)
        else:
            os.replace(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _take_place(name: str, path: Path) -> None:
    """Give a file its place unless it is taken; raises FileExistsError then."""
    try:
        os.link(name, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links; there the last one wins
        os.replace(name, path)


def _day(certificate: x509.Certificate) -> str:
    return f"{certificate.not_valid_after_utc:%Y-%m-%d}"
