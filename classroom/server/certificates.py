"""The certificates of the https port: from an authority of this computer, or from files that were given.

Both kinds have one ``SSLContext`` for the whole lesson and load newer certificates into it. Open connections keep
theirs; the next handshake gets the new one. ``prepare`` is called before the port opens, ``keep_current`` runs beside
the lesson.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from classroom.common.alarms import Alarms
from classroom.common.paths import home_folder
from classroom.lesson.sections import ServerModel
from classroom.server.addresses import certified_names
from classroom.server.authority import Authority
from classroom.server.given_certificate import GivenCertificate
from classroom.server.own_certificates import AUTHORITY_FILE, OwnCertificates

__all__ = ["Certificates", "certificates_for", "kept_authority"]

_FOLDER: Final = "tls"
"""Where the authority of this computer is, in the folder of what is kept for its user."""


class Certificates(Protocol):
    """A source of certificates; ``context`` is the one for handshakes, another after some renewals."""

    context: ssl.SSLContext

    @property
    def authority(self) -> Authority | None:
        """The authority that students may choose to trust; None where they need not."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The DNS names of a certificate from files, wildcards included; empty for one of our own."""
        ...

    def prepare(self) -> None:
        """Load the first certificate. Raises SetupError when there is none."""
        ...

    async def keep_current(self) -> None:
        """Load newer ones as they are needed, until cancelled."""
        ...


def kept_authority() -> Path | None:
    """The file with the authority that this computer made for its own lessons; None where there is none."""
    home = home_folder()
    file = None if home is None else home / _FOLDER / AUTHORITY_FILE
    return file if file is not None and file.is_file() else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def certificates_for(server: ServerModel, *, host: str, alarms: Alarms) -> Certificates | None:
    """The certificates of a lesson that listens on ``host``; None without https.

    A lesson that does not ask for https has it too, for phones and for students who speak. It would be in vain behind a
    proxy that has it already, and where only this computer is listened to, whose browsers need none. Where nobody
    asked, a certificate that cannot be kept is no alarm.
    """
    if not server.asks_for_tls:
        if _is_loopback(host) or (server.address or "").startswith("https://"):
            return None
        alarms = Alarms(lambda: None)
    match server.tls:
        case "none":
            return None
        case "auto":
            home = home_folder()
            return OwnCertificates(
                folder=None if home is None else home / _FOLDER, names=lambda: certified_names(host), alarms=alarms
            )
        case given:
            return GivenCertificate(given.certificate, given.key, alarms=alarms)
