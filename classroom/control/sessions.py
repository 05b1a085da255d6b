"""All control connections of a lesson: who is connected, and news to those who asked for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from classroom.common.throttle import GuessLimiter, Throttle, limit_key
from classroom.control import json_rpc as messages
from classroom.control.connection import ControlConnection
from classroom.control.invitations import Invitations
from classroom.control.session import TRY_AGAIN_LATER, Served, Session

__all__ = ["Sessions"]

_MOST: Final = 64
"""Teachers and guests at once; a school has fewer of them in one lesson."""

_STRANGERS: Final = 64
"""Connections that have not shown a right token or key yet; past them, one of the address with most of them goes."""


class Sessions:
    """Accepts control connections; ``handle`` is what the websocket server calls for each."""

    def __init__(self, *, served: Served, token: str, invitations: Invitations) -> None:
        self._served = served
        self._token = token
        self._invitations = invitations
        self._guesses = GuessLimiter(Throttle(), forgives=True)
        self._sessions: dict[Session, None] = {}

    async def handle(self, connection: ControlConnection) -> None:
        """Serve one connection to its end."""
        strangers = [session for session in self._sessions if not session.welcome]
        if len(self._sessions) - len(strangers) >= _MOST:
            await connection.close(TRY_AGAIN_LATER, "too many control connections")
            return
        if len(strangers) >= _STRANGERS:
            _rudest(strangers).dismiss()
        session = Session(
            connection,
            served=self._served,
            token=self._token,
            invitations=self._invitations,
            guesses=self._guesses,
        )
        self._sessions[session] = None
        try:
            await session.run()
        finally:
            del self._sessions[session]

    def watched(self, news: Literal["meters", "thumbnails"]) -> bool:
        """Whether anybody asked for these news."""
        return any(getattr(session, news) for session in self._sessions)

    def tell(self, news: Literal["meters", "thumbnails"], method: str, params: Mapping[str, object]) -> None:
        """Send news to those who asked; it is left out for a teacher whose line is slow."""
        message = messages.notification(method, params)
        for session in self._sessions:
            if getattr(session, news):
                session.tell(message)


def _rudest(strangers: Sequence[Session]) -> Session:
    """The oldest of the address that has most: who wants to keep a teacher out only pushes out his own."""
    homes = {session: limit_key(session.address) for session in strangers}
    counts = Counter(homes.values())
    return max(strangers, key=lambda session: counts[homes[session]])
