"""Keys that let a device send one source and do nothing else: a phone gets one in a link, and never the token.

A key is as long as it cannot be guessed, lives as long as the lesson runs, and ends at once when it is revoked.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Container
from typing import Final

__all__ = ["Invitation", "Invitations"]

_MOST_GUESTS: Final = 4
"""Connections at once with one key: a phone that comes back while its old connection still stands has two."""


class Invitation:
    """The key of one source, and the sessions that use it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.key = secrets.token_urlsafe(24)
        self._guests: list[Callable[[], None]] = []

    def enter(self, dismiss: Callable[[], None]) -> bool:
        """Add a session, to be closed when the key is revoked; False where there are too many."""
        if len(self._guests) >= _MOST_GUESTS:
            return False
        self._guests.append(dismiss)
        return True

    def leave(self, dismiss: Callable[[], None]) -> None:
        """Remove a session that has ended."""
        if dismiss in self._guests:
            self._guests.remove(dismiss)

    def dismiss_all(self) -> None:
        """Close all sessions."""
        guests, self._guests = self._guests, []
        for dismiss in guests:
            dismiss()


class Invitations:
    """At most one key for each source."""

    def __init__(self) -> None:
        self._of: dict[str, Invitation] = {}

    def invite(self, source: str) -> Invitation:
        """The invitation of a source; the same one until it is revoked."""
        return self._of.setdefault(source, Invitation(source))

    def revoke(self, source: str) -> None:
        """Revoke the key of a source, and close the sessions that use it."""
        invitation = self._of.pop(source, None)
        if invitation is not None:
            invitation.dismiss_all()

    def keep(self, sources: Container[str]) -> None:
        """Revoke the keys of all but these sources."""
        for source in [source for source in self._of if source not in sources]:
            self.revoke(source)

    def find(self, key: str) -> Invitation | None:
        """The invitation with this key, compared in constant time."""
        given = key.encode("utf-8", "replace")
        found = None
        for invitation in self._of.values():
            if hmac.compare_digest(given, invitation.key.encode()):
                found = invitation
        return found
