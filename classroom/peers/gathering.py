"""Keeps a STUN or TURN server that does not answer from holding up an offer.

aiortc offers when it has gathered all candidates, and aioice waits five seconds for servers. No setting of aiortc
changes that, so ``rtp.py`` reaches into it; where what it relies on is missing, an offer may take those five seconds.
"""

from __future__ import annotations

import logging
from typing import Final

from aiortc import RTCPeerConnection

from classroom.peers.rtp import bound_gathering

__all__ = ["GATHER_WITHIN", "hasten"]

logger = logging.getLogger(__name__)

GATHER_WITHIN: Final = 1.0
"""Seconds servers have to answer; after them the offer goes out with the candidates there are."""


def hasten(connection: RTCPeerConnection, within: float = GATHER_WITHIN) -> None:
    """Bound the gathering of a connection that has its transceivers and has not begun to gather."""
    for transceiver in connection.getTransceivers():
        try:
            bound_gathering(transceiver.sender, within)
        except AttributeError as missing:
            logger.warning("this aiortc gathers in another way (%s): offers may be late", missing)
            return
