"""All control connections of a lesson: who is connected, and news to those who asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Literal

from websockets.asyncio.server import ServerConnection

from classroom.clock import Clock
from classroom.control import messages
from classroom.control.commands import Desk
from classroom.control.invitations import Invitations
from classroom.control.session import Session
from classroom.throttle import Throttle

__all__ = ["Sessions"]

_MOST = 64
"""Control connections at once; a school has fewer teachers than that in one lesson."""

_TRY_AGAIN_LATER: Final = 1013


class Sessions:
    """Accepts control connections; ``handle`` is what the websocket server calls for each."""

    def __init__(self, *, desk: Desk, token: str, invitations: Invitations, clock: Clock) -> None:
        self._desk = desk
        self._token = token
        self._invitations = invitations
        self._clock = clock
        self._throttle = Throttle()
        self._sessions: set[Session] = set()
        self._changed = asyncio.Event()

    async def handle(self, connection: ServerConnection) -> None:
        """Serve one connection to its end."""
        if len(self._sessions) >= _MOST:
            await connection.close(_TRY_AGAIN_LATER, "too many control connections")
            return
        session = Session(
            connection,
            desk=self._desk,
            token=self._token,
            invitations=self._invitations,
            throttle=self._throttle,
            clock=self._clock,
        )
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    def watched(self, news: Literal["meters", "thumbnails"]) -> bool:
        """Whether anybody asked for these news."""
        return any(getattr(session, news) for session in self._sessions)

    def tell(self, news: Literal["meters", "thumbnails"], method: str, params: Mapping[str, object]) -> None:
        """Send news to those who asked; it is left out for a teacher whose line is slow."""
        message = messages.notification(method, params)
        for session in self._sessions:
            if getattr(session, news):
                session.tell(message)
