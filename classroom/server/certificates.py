"""What the https listener shows: certificates of an authority of this computer's own, or files that were given.

Both kinds hold one ``SSLContext`` for as long as the lesson runs and load newer certificates into it; connections that
stand keep theirs, the next handshake gets the new one. ``prepare`` comes before the port opens, ``keep`` runs beside
the lesson.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Protocol

from classroom.common.alarms import Alarms
from classroom.common.paths import home_folder
from classroom.lesson.sections import ServerModel
from classroom.server.addresses import certified_names
from classroom.server.authority import Authority
from classroom.server.given_certificate import GivenCertificate
from classroom.server.own_certificates import OwnCertificates

__all__ = ["Certificates", "certificates_for"]


class Certificates(Protocol):
    """What shows a certificate to those who connect; ``context`` is what handshakes are made with."""

    context: ssl.SSLContext

    @property
    def authority(self) -> Authority | None:
        """Whom students may choose to trust; None where nobody needs to."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The DNS names that a given certificate is for, also with a star; none of one of our own."""
        ...

    def prepare(self) -> None:
        """Load the first certificate. Raises SetupError when there is none."""
        ...

    async def keep(self) -> None:
        """Load newer ones as they are needed, until cancelled."""
        ...


def certificates_for(server: ServerModel, *, host: str, alarms: Alarms) -> Certificates | None:
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
