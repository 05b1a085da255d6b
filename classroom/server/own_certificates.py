"""Certificates of an authority that this computer makes once and keeps in its user's folder."""

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
from typing import Final

from cryptography import x509

from classroom.common.alarms import Alarm, Alarms
from classroom.common.errors import SetupError
from classroom.common.paths import read_file
from classroom.common.sentences import Wording
from classroom.lesson.certificate import LARGEST
from classroom.server.authority import Authority, Leaf, UnusableCertificate, fingerprint
from classroom.server.tls import server_context

__all__ = ["AUTHORITY_FILE", "OwnCertificates"]

logger = logging.getLogger(__name__)

_LOOK_EVERY: Final = 60.0
"""Seconds between two looks at the addresses of this computer."""

_RENEW_BEFORE: Final = timedelta(days=30)

_OLDEST: Final = datetime(2026, 6, 1, tzinfo=UTC)
"""The program is younger: a clock that says less is wrong, as after a start without a battery and without a network."""

AUTHORITY_FILE: Final = "authority.pem"
_LEAF_FILE: Final = "certificate.pem"

_NOT_KEPT: Final = Wording(
    "tls.not_kept",
    "The https certificate is new at each start, because {why}. Make that folder writable, or name another "
    "one in the environment variable CLASSROOM_HOME.",
)
_NOT_READABLE: Final = Wording(
    "tls.not_readable",
    "The https certificate is new at each start, because {file} cannot be read ({fault}). Give that file back to this "
    "user, or delete it; then everybody has to trust the new one.",
)
_CLOCK: Final = Wording(
    "tls.clock",
    "The clock of this computer says {date}, which is wrong, so browsers may refuse its https certificate. Set the "
    "clock.",
)
_NO_HOME: Final = Wording("tls.no_home", "this user has no home folder")
_NOT_WRITABLE: Final = Wording("tls.not_writable", "the folder {folder} is not writable ({fault})")


class OwnCertificates:
    """Certificates of an authority that this computer makes once and keeps.

    Args:
        folder: where authority and certificate are kept, readable for this user only; None: nowhere. Where it cannot
            be written they are new ones at each start, with an alarm.
        names: returns the names and addresses to certify; called regularly, in a thread.
        alarms: where troubles are put.
        now: returns the time.
    """

    def __init__(
        self,
        *,
        folder: Path | None,
        names: Callable[[], Sequence[str]],
        alarms: Alarms,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._names = names
        self._alarms = alarms
        self._now = now
        self._authority: Authority | None = None
        self._leaf: Leaf | None = None
        self.context = server_context()

    @property
    def authority(self) -> Authority | None:
        """Whom students may choose to trust; there once prepared."""
        return self._authority

    @property
    def leaf(self) -> Leaf | None:
        """What is shown now."""
        return self._leaf

    @property
    def names(self) -> Sequence[str]:
        """None: they are those of this computer, which is known by them in any case."""
        return ()

    def prepare(self) -> None:
        """Take authority and certificate from the folder, or make them. Raises SetupError where that cannot be."""
        try:
            self.renew(self._names())
        except OSError as error:
            raise SetupError(
                f"https cannot start: {error}. Is the disk full, or the folder for temporary files not writable?"
            ) from error

    async def keep_current(self) -> None:
        """Renew whenever an address is new or the end is near, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            names = await asyncio.to_thread(self._names)
            try:
                self.renew(names)
            except OSError as error:  # no room for a temporary file; the certificate before stays, and there is time
                logger.warning("the certificate for https could not be renewed: %s", error)

    def renew(self, names: Sequence[str]) -> None:
        """Make what is missing, too old, or not valid for one of these names."""
        authority = self._authority = self._usable_authority()
        self._tell_clock()
        leaf = self._leaf or self._kept_leaf()
        if leaf is None or not self._is_good(leaf, authority, names):
            leaf = authority.certify(names, max(self._now(), _OLDEST))
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
        # A clock that is wrong for certain cannot tell what is not valid yet.
        begun = now < _OLDEST or certificate.not_valid_before_utc <= now
        return begun and now < certificate.not_valid_after_utc - _RENEW_BEFORE

    def _tell_clock(self) -> None:
        if self._now() >= _OLDEST:
            self._alarms.clear("tls.clock")
            return
        sentence = _CLOCK(date=f"{self._now():%Y-%m-%d}")
        logger.warning("%s", sentence)
        self._alarms.put(Alarm("tls.clock", sentence))

    def _usable_authority(self) -> Authority:
        if self._authority is not None and self._lasts(self._authority.certificate):
            return self._authority
        kept = self._kept_authority()
        if kept is not None:
            return kept
        made = Authority.make(socket.gethostname(), max(self._now(), _OLDEST))
        if not self._keep_file(AUTHORITY_FILE, made.pem(), first=True):
            # Another lesson on this computer may have made one in the same moment; then that one counts.
            made = self._kept_authority() or made
        logger.info("the authority of this computer is %s", fingerprint(made.certificate))
        return made

    def _kept_authority(self) -> Authority | None:
        pem = self._kept_file(AUTHORITY_FILE)
        if pem is None:
            return None
        try:
            authority = Authority.from_pem(pem)
        except UnusableCertificate as error:
            self._put_aside(AUTHORITY_FILE, str(error))
            return None
        if not self._lasts(authority.certificate):
            self._put_aside(AUTHORITY_FILE, f"it is valid until {_day(authority.certificate)}")
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
            return read_file(self._folder / name, LARGEST)
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("%s cannot be read: %s", self._folder / name, error.strerror or error)
            if name == AUTHORITY_FILE:
                sentence = _NOT_READABLE(file=str(self._folder / name), fault=str(error.strerror or error))
                self._alarms.put(Alarm("tls.not_kept", sentence))
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
        logger.warning("%s is replaced: %s. The old one is now %s.", self._folder / name, why, aside.name)


def _load(context: ssl.SSLContext, leaf: Leaf) -> None:
    """Load a certificate from memory. The library reads files only, so the key is in an encrypted file for a moment.

    Where a file can be in memory, such as on Linux, no disk is needed: it may be full.
    """
    password = secrets.token_hex(32)
    content = leaf.pem(password.encode())
    with contextlib.suppress(OSError, AttributeError):
        with os.fdopen(os.memfd_create("certificate"), "wb") as file:
            file.write(content)
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}", password=password)
        return
    descriptor, name = tempfile.mkstemp(prefix="classroom-", suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
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
