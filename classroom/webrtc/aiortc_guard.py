"""Protects a connection of aiortc from the network, and the network from what a peer can make a connection send.

aiortc ends a connection when a datagram raises any exception, from any address, and it checks all addresses that a peer
names, as fast as they come. Here no datagram ends a connection. The socket drops datagrams that RFC 7983 does not
define, those from an address that has not shown the ICE password, and unsigned DTLS alerts. The number and rate of the
packets that are sent to addresses of a peer's choice are limited (RFC 8445, section 19.5.1).

aiortc makes the objects of aioice and aiortc itself, so their classes are replaced after that. The names on which this
relies are in ``aiortc_names.GUARDED``.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Final

from aioice import Candidate, Connection, TransportPolicy, stun
from aioice.ice import CandidatePair, StunProtocol
from aiortc import RTCDtlsTransport, RTCPeerConnection

from classroom.common.limited_log import LimitedLog
from classroom.webrtc.aiortc_names import GUARDED
from classroom.webrtc.candidates import MOST_CANDIDATES, may_be_sent_to
from classroom.webrtc.ice.check_budget import CheckBudget
from classroom.webrtc.ice.interfaces import interfaces
from classroom.webrtc.open_files import is_reserved

__all__ = ["GATHER_WITHIN", "LONGEST_DATAGRAM", "MOST_PAIRS", "guard", "is_unsigned_alert"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger, lines=1, span=60.0)

LONGEST_DATAGRAM: Final = 1500
"""Bytes; the binding of libsrtp accepts no more, and today's networks carry no more in one piece."""

MOST_PAIRS: Final = 64
"""Pairs of addresses that are checked for one peer."""

GATHER_WITHIN: Final = 1.0
"""Seconds that STUN and TURN servers have to answer; then the offer is sent with the candidates that exist."""

_MOST_WAITING: Final = 1024
"""Datagrams that wait to be read; a key frame of a page's camera has a hundred."""

_MOST_KNOWN: Final = 64
_ALERT: Final = 21
_RECORD: Final = 13
_STATES: Final = CandidatePair.State

Address = tuple[str, int]


@dataclass(slots=True)
class _Rules:
    """The limits of one connection; ``known`` are the addresses that have shown the password, the oldest first."""

    check_budget: CheckBudget
    near: bool
    within: float
    known: dict[Address, None] = field(default_factory=dict)


def guard(
    connection: RTCPeerConnection, check_budget: CheckBudget, *, near: bool = False, within: float = GATHER_WITHIN
) -> None:
    """Guard a connection that has its transceivers, has not started to gather, and has no remote candidate yet.

    ``check_budget`` is the peer's, for all of its connections; ``near`` says that the peer is on this computer.
    """
    transports = [each.sender.transport for each in connection.getTransceivers()]
    if connection.sctp is not None:
        transports.append(connection.sctp.transport)
    for transport in transports:
        ice: Any = transport.transport._connection
        if isinstance(ice, _GuardedIce):
            continue  # bundled senders share one
        absent = [name for holder, name in GUARDED if holder == "aioice.Connection" and not hasattr(ice, name)]
        if absent:
            limited_log.warn("this aioice has no %s: connections are not guarded", ", ".join(absent))
            return
        ice.__class__ = _GuardedIce
        ice.rules = _Rules(check_budget, near, within)
        setattr(transport, "__class__", _GuardedDtls)  # noqa: B010


def is_unsigned_alert(data: bytes) -> bool:
    """Whether a DTLS datagram has an alert that is not authenticated (RFC 6347, section 4.1: epoch 0)."""
    at = 0
    while at + _RECORD <= len(data) and data[at] < 32:  # higher types are records of DTLS 1.3, which are all encrypted
        if data[at] == _ALERT and data[at + 3 : at + 5] == b"\0\0":
            return True
        at += _RECORD + int.from_bytes(data[at + 11 : at + 13], "big")
    return False


class _GuardedDtls(RTCDtlsTransport):
    async def _recv_next(self) -> None:
        """Read the next datagram; only the end of the connection is raised."""
        try:
            await super()._recv_next()
        except ConnectionError:
            raise
        except Exception as fault:  # noqa: BLE001
            # An authentic datagram may still be malformed. It must not end the connection.
            limited_log.warn("a datagram of a connection cannot be used: %s", type(fault).__name__)
            await asyncio.sleep(0)


class _GuardedStun(StunProtocol):
    receiver: _GuardedIce

    def datagram_received(self, data: Any, addr: Any) -> None:
        """Sort datagrams by their first byte (RFC 7983, section 7)."""
        if not 0 < len(data) <= LONGEST_DATAGRAM:
            return
        first = data[0]
        if first > 3:
            if 127 < first < 192 or (19 < first < 64 and not is_unsigned_alert(data)):
                self.receiver.take(data, (addr[0], addr[1]), self.local_candidate.component)
            return
        try:
            super().datagram_received(data, addr)
        except Exception as fault:  # noqa: BLE001
            limited_log.warn("a message of STUN cannot be used: %s", type(fault).__name__)

    def send_stun(self, message: stun.Message, addr: Address) -> None:
        """Send a message; a check beyond the peer's budget is dropped, and repeated as if the network had lost it."""
        if message.message_class == stun.Class.REQUEST and not self.receiver.may_ask(addr):
            return
        super().send_stun(message, addr)


class _GuardedIce(Connection):
    rules: _Rules

    # Incoming datagrams

    def take(self, data: bytes, addr: Address, component: int) -> None:
        """Pass on a datagram that is not STUN, from an address that has shown the password."""
        if addr in self.rules.known and self._queue.qsize() < _MOST_WAITING:
            self._queue.put_nowait((data, component))

    def data_received(self, data: bytes, component: int) -> None:
        """Drop a datagram that looked like STUN and is not."""

    def request_received(self, message: stun.Message, addr: Address, protocol: StunProtocol) -> None:
        """Answer a check with the right password. Others get no answer, because their sender address may be forged."""
        if self._closing or not self._is_authentic(message):
            return
        self._know(addr)
        super().request_received(message, addr, protocol)

    def check_incoming(self, message: stun.Message, addr: Address, protocol: StunProtocol) -> None:
        """Check in return, unless this address exceeds the limit."""
        known = next((each for each in self._remote_candidates if (each._network_host, each.port) == addr), None)
        if (known is None or self._find_pair(protocol, known) is None) and not self._has_room(known is None):
            return
        super().check_incoming(message, addr, protocol)

    def _is_authentic(self, message: stun.Message) -> bool:
        found = message.attributes
        return (
            message.message_method == stun.Method.BINDING
            and all(name in found for name in ("MESSAGE-INTEGRITY", "USERNAME", "PRIORITY"))
            and self._valid_username(found["USERNAME"])
            and message.check_message_integrity(self.local_password.encode())
        )

    def _know(self, addr: Address) -> None:
        known = self.rules.known
        if addr in known:
            return
        if len(known) >= _MOST_KNOWN:
            chosen = {pair.remote_addr for pair in self._nominated.values()}
            known.pop(next(each for each in known if each not in chosen))
        known[addr] = None

    # Outgoing checks

    def may_ask(self, addr: Address) -> bool:
        """Whether a check may be sent now; the consent of the path in use is always checked."""
        return any(pair.remote_addr == addr for pair in self._nominated.values()) or self.rules.check_budget.take(
            time.monotonic()
        )

    def _add_remote_candidate(self, remote_candidate: Candidate, network_host: str) -> None:
        """Add a candidate that the peer named, by the address to which its name was resolved."""
        if len(self._remote_candidates) >= MOST_CANDIDATES or remote_candidate.component != 1:
            return
        found = interfaces()
        ours = [protocol.local_candidate.host for protocol in self._protocols]
        if not may_be_sent_to(network_host, ours=ours, networks=found.networks, near=self.rules.near):
            limited_log.warn(
                "a candidate is ignored, because its address does not belong to one computer, or belongs to this one"
            )
            return
        super()._add_remote_candidate(remote_candidate, network_host)

    def _pair_remote_candidate(self, remote_candidate: Candidate) -> None:
        if len(self._check_list) + len(self._protocols) <= MOST_PAIRS:
            super()._pair_remote_candidate(remote_candidate)

    def check_complete(self, pair: CandidatePair) -> None:
        """Continue after a check. A learned address that does not answer is forgotten."""
        super().check_complete(pair)
        if pair.state == _STATES.SUCCEEDED:
            self._know(pair.remote_addr)
        elif pair.state == _STATES.FAILED and pair.remote_candidate.type == "prflx":
            self._forget(pair)

    def _has_room(self, new: bool) -> bool:
        """Whether a pair may be made for a learned address now."""
        if len(self._check_list) >= MOST_PAIRS or (new and len(self._remote_candidates) >= MOST_CANDIDATES):
            # A peer that moved through many networks has left addresses behind; those that are being checked go last.
            used = self._nominated.values()
            unused = [each for each in self._check_list if each not in used]
            if not unused:
                return False
            self._forget(min(unused, key=lambda each: each.task is not None))
        return self.rules.check_budget.left(time.monotonic())

    def _forget(self, pair: CandidatePair) -> None:
        if pair in self._nominated.values() or pair not in self._check_list:
            return
        self._check_list.remove(pair)
        if pair.task is not None and pair.task is not asyncio.current_task():
            pair.task.cancel()
        candidate = pair.remote_candidate
        if all(each.remote_candidate is not candidate for each in self._check_list):
            self._remote_candidates.remove(candidate)

    # Local addresses

    async def get_component_candidates(self, component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
        """Listen on as few addresses as possible. Raises OSError where the reserve of open files is reached."""
        chosen = list(interfaces().addresses) if self._transport_policy == TransportPolicy.ALL else addresses
        try:
            found = await super().get_component_candidates(component, chosen, timeout=self.rules.within)  # type: ignore[arg-type]
        finally:
            for protocol in self._protocols:
                setattr(protocol, "__class__", _GuardedStun)  # noqa: B010
        sockets = [each.transport.get_extra_info("socket") for each in self._protocols]
        if any(each is not None and is_reserved(each.fileno()) for each in sockets):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        if not found:
            socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM
            ).close()  # raises the reason where there are no sockets left
            limited_log.warn("an offer has no address of this computer, because it has none")
        return found
