"""The WebRTC connections of one teacher's session. It starts them, signals over its websocket, and ends them.

What the broadcaster says about a connection comes as the notification ``peer``. Nothing of it goes through the
signaling of the students, which may be an external server that must not get the teacher's token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording

__all__ = ["Begin", "Call", "Calls", "Role", "Tell"]

Role = Literal["monitor", "publish"]
"""What the client does: watch the program, or be a source."""

Tell = Callable[[Mapping[str, object]], None]
"""Says something to the client: an offer or an answer, a candidate, ICE servers."""

_MOST: Final = 4
_ENOUGH = Wording("peer.enough", "A session has at most {most} connections. Close one with peer.close.")


class Call(Protocol):
    """One connection, as the session sees it."""

    def take(self, message: Mapping[str, object]) -> None:
        """Take a message: an answer, a candidate, a request. Raises CommandError when it is not valid."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


Begin = Callable[[Role, str | None, str | None, Tell], Call]
"""Starts a connection for a role, the name of a source and the client's offer; raises CommandError."""


class Calls:
    """Numbers the connections of a session and ends them with it.

    ``notify`` is given the parameters of each notification ``peer``.
    """

    def __init__(self, *, begin: Begin, notify: Callable[[Mapping[str, object]], None]) -> None:
        self._begin = begin
        self._notify = notify
        self._open: dict[str, Call] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._count = 0

    def begin(self, role: Role, source: str | None, sdp: str | None) -> str:
        """Start a connection; return its name. Raises CommandError."""
        if len(self._open) >= _MOST:
            raise CommandError.not_possible(_ENOUGH(most=_MOST))
        self._count += 1
        peer = str(self._count)
        self._open[peer] = self._begin(role, source, sdp, lambda said: self._notify({"peer": peer, **said}))
        return peer

    def take(self, peer: str, message: Mapping[str, object]) -> None:
        """Pass a message of the client to a connection. Raises CommandError."""
        self._find(peer).take(message)

    def end(self, peer: str) -> None:
        """End a connection. Raises CommandError."""
        call = self._find(peer)
        del self._open[peer]
        task = asyncio.create_task(call.close(), name=f"closing peer {peer}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End all of them."""
        for peer in list(self._open):
            self.end(peer)
        await asyncio.gather(*self._closing)

    def _find(self, peer: str) -> Call:
        call = self._open.get(peer)
        if call is None:
            raise CommandError.unknown("peer", peer, list(self._open))
        return call
