"""Asks one STUN or TURN server whether it serves us, and returns why it does not."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Literal

from aioice import stun
from aioice.turn import create_turn_endpoint

from classroom.webrtc.ice.credentials import Credential
from classroom.webrtc.ice.servers import IceServerAddress

__all__ = ["PROBE_WITHIN", "ProbeFailure", "probe"]

PROBE_WITHIN = 3.0
"""Seconds that a server has to answer; in this time a lost request is repeated twice."""

ProbeFailure = Literal["silent", "refused", "full", "tls"]
"""Why a server does not serve: no answer, a wrong user name or password, no capacity, or an untrusted certificate."""

_FULL = (486, 508)
"""Allocation Quota Reached and Insufficient Capacity (RFC 8656, section 18.5)."""


async def probe(
    address: IceServerAddress, credential: Credential | None, *, within: float = PROBE_WITHIN
) -> ProbeFailure | None:
    """Ask once; None when it serves. The allocation on a TURN server is released at once."""
    try:
        async with asyncio.timeout(within):
            if address.kind == "stun":
                await _bind(address)
            else:
                await _allocate(address, credential)
    except stun.TransactionFailed as fault:
        return "full" if fault.response.error_code in _FULL else "refused"
    except ssl.SSLError:
        return "tls"
    # Beside time-outs and socket errors: an answer with missing parts, and an invalid host name.
    except (TimeoutError, stun.TransactionError, OSError, UnicodeError):
        return "silent"
    return None


async def _bind(address: IceServerAddress) -> None:
    """Ask a STUN server for our address (RFC 8489, section 3)."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        _BindingProtocol, remote_addr=(address.host, address.port)
    )
    try:
        await protocol.ask()
    finally:
        transport.close()


async def _allocate(address: IceServerAddress, credential: Credential | None) -> None:
    """Allocate a relay address on a TURN server and release it (RFC 8656, section 7)."""
    closed = asyncio.get_running_loop().create_future()
    transport, _ = await create_turn_endpoint(
        lambda: _AllocationProtocol(closed),
        server_addr=(address.host, address.port),
        username=credential.username if credential else None,
        password=credential.password if credential else None,
        ssl=address.tls or None,
        transport=address.transport,
    )
    transport.close()
    await closed


class _AllocationProtocol(asyncio.DatagramProtocol):
    """Resolves a future when the relay address is released."""

    def __init__(self, closed: asyncio.Future[None]) -> None:
        self._closed = closed

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed.done():
            self._closed.set_result(None)


class _BindingProtocol(asyncio.DatagramProtocol):
    """One request to one STUN server."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._transaction: stun.Transaction | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            message = stun.parse_message(data)
        except ValueError:
            return
        answers = message.message_class in (stun.Class.RESPONSE, stun.Class.ERROR)
        if self._transaction is not None and answers and message.transaction_id == self._id:
            self._transaction.response_received(message, addr)

    def send_stun(self, message: stun.Message, addr: tuple[str, int]) -> None:
        """Called by the transaction, for the first time and for each repetition."""
        self._transport.sendto(bytes(message))

    async def ask(self) -> None:
        """Return when the server has answered. Raises TransactionError when it has not, or refuses."""
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        self._id = request.transaction_id
        self._transaction = stun.Transaction(request, ("", 0), self)
        await self._transaction.run()
