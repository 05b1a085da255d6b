"""That gathering can be bounded in the aiortc that is installed."""

from __future__ import annotations

import functools
import logging

import pytest
from aiortc import RTCPeerConnection

from classroom.peers.gathering import hasten


async def test_what_it_relies_on_is_there(caplog: pytest.LogCaptureFixture) -> None:
    connection = RTCPeerConnection()
    try:
        connection.addTransceiver("video")
        connection.addTransceiver("audio")
        with caplog.at_level(logging.WARNING, "classroom.peers.gathering"):
            hasten(connection, 0.5)
            hasten(connection, 9.0)  # the first word counts
        assert not caplog.records
        for transceiver in connection.getTransceivers():
            gather = transceiver.sender.transport.transport.iceGatherer._connection.get_component_candidates
            assert isinstance(gather, functools.partial)
            assert gather.keywords == {"timeout": 0.5}
        await connection.setLocalDescription(await connection.createOffer())
    finally:
        await connection.close()
