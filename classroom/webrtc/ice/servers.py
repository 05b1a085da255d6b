"""The STUN and TURN servers of a lesson, as pages get them and as the broadcaster's own viewers use them.

Pages get all of them and choose themselves. aiortc uses one STUN and one TURN server and waits for both before it
offers, so viewers get the first of each kind that is not known to fail (see ``server_check.py``). The secret that is
shared with a TURN server stays in this module; only passwords that expire leave it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from aiortc import RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from classroom.lesson.sections import IceModel, IceServer, TurnModel
from classroom.webrtc.ice.credentials import Credential, temporary
from classroom.webrtc.messages import IceServerEntry

__all__ = ["IceServerAddress", "IceServers", "OwnTurnServer"]

_REFRESH_AT: Final = 0.75
"""The part of its lifetime after which a password is replaced."""

_BROADCASTER: Final = "broadcaster"


@dataclass(frozen=True, slots=True)
class IceServerAddress:
    """One address of one server, as the broadcaster reaches it."""

    url: str
    kind: Literal["stun", "turn"]
    host: str
    port: int
    transport: Literal["udp", "tcp"]
    tls: bool


class OwnTurnServer(Protocol):
    """A TURN server that runs beside the lesson. Our viewers need none of their own on it: it relays to them."""

    @property
    def secret(self) -> str:
        """The secret that it shares with the broadcaster."""

    @property
    def port(self) -> int:
        """The port that its clients use."""

    @property
    def lifetime(self) -> int:
        """Seconds after which a password expires."""

    def urls(self, student: str = "") -> list[str]:
        """How the page of a student at a network address reaches it."""


class IceServers:
    """The servers of ``ice`` in a lesson, and with them the lesson's ``own``.

    ``wall`` tells the time in seconds since 1970, because TURN servers compare it with theirs.
    """

    def __init__(
        self, ice: IceModel, *, own: OwnTurnServer | None = None, wall: Callable[[], float] = time.time
    ) -> None:
        self._servers: list[IceServer | TurnModel] = [*ice.servers, *([ice.turn] if ice.turn is not None else [])]
        self._turn = ice.turn
        self._own = own
        self._wall = wall
        self._of: dict[IceServerAddress, IceServer | TurnModel] = {}
        for server in self._servers:
            for url in server.urls:
                address = _address(url)
                if address is not None:
                    self._of.setdefault(address, server)
        self._failing: frozenset[IceServerAddress] = frozenset()

    @property
    def addresses(self) -> Sequence[IceServerAddress]:
        """The addresses that the broadcaster can use, in the order of the lesson."""
        return tuple(self._of)

    @property
    def urls(self) -> frozenset[str]:
        """All addresses as they are written in the lesson."""
        return frozenset(url for server in self._servers for url in server.urls)

    @property
    def refresh_after(self) -> float | None:
        """Seconds after which pages need new passwords; None where none expires."""
        lifetimes = [each.lifetime for each in (self._turn, self._own) if each is not None]
        return min(lifetimes) * _REFRESH_AT if lifetimes else None

    def set_failing(self, addresses: frozenset[IceServerAddress]) -> None:
        """Do not use these for viewers that start from now on."""
        self._failing = addresses

    def credential(self, address: IceServerAddress, label: str = _BROADCASTER) -> Credential | None:
        """The credential for the server at this address; None where the lesson has none."""
        return self._credential(self._of[address], label)

    def shares_secret(self, address: IceServerAddress) -> bool:
        """Whether passwords for this address are made here."""
        return isinstance(self._of[address], TurnModel)

    def for_page(self, label: str, address: str = "") -> list[IceServerEntry]:
        """The servers as ``RTCConfiguration.iceServers`` of a browser has them.

        ``label`` must not be a personal name; ``address`` is the network address of the page, where it is known.
        """
        described: list[IceServerEntry] = []
        for server in self._servers:
            credential = self._credential(server, label)
            # Browsers throw at a TURN server without a password.
            urls = [url for url in server.urls if credential is not None or url.startswith("stun")]
            if urls:
                entry: IceServerEntry = {"urls": urls}
                if credential is not None:
                    entry["username"], entry["credential"] = credential.username, credential.password
                described.append(entry)
        if self._own is not None and (urls := self._own.urls(address)):
            made = temporary(self._own.secret, label=label, now=self._wall(), lifetime=self._own.lifetime)
            described.append({"urls": urls, "username": made.username, "credential": made.password})
        return described

    def for_viewer(self) -> list[RTCIceServer]:
        """The first STUN and the first TURN server that are not known to fail, with a fresh password."""
        chosen: dict[str, RTCIceServer] = {}
        for address in self._of:
            if address in self._failing or address.kind in chosen:
                continue
            credential = self.credential(address) if address.kind == "turn" else None
            chosen[address.kind] = RTCIceServer(
                urls=address.url,
                username=credential.username if credential else None,
                credential=credential.password if credential else None,
            )
        return list(chosen.values())

    def _credential(self, server: IceServer | TurnModel, label: str) -> Credential | None:
        if isinstance(server, TurnModel):
            return temporary(server.secret, label=label, now=self._wall(), lifetime=server.lifetime)
        if server.username is None or server.credential is None:
            return None
        return Credential(server.username, server.credential)


def _address(url: str) -> IceServerAddress | None:
    """An address that aiortc can use as well; None for ``stuns:`` and for IPv6 addresses, which only browsers read."""
    try:
        parsed = parse_stun_turn_uri(url)
    except ValueError:
        return None
    match parsed["scheme"], parsed.get("transport", "udp"):
        case "stun", _:
            return IceServerAddress(url, "stun", parsed["host"], parsed["port"], "udp", False)
        case "turn", ("udp" | "tcp") as transport:
            return IceServerAddress(url, "turn", parsed["host"], parsed["port"], transport, False)
        case "turns", "tcp":
            return IceServerAddress(url, "turn", parsed["host"], parsed["port"], "tcp", True)
        case _:
            return None
