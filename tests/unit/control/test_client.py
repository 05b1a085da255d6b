"""What a command from a terminal is told by a lesson that does not take it."""

from __future__ import annotations

import pytest
from websockets.asyncio.server import ServerConnection, serve

from classroom.common.errors import AddressError
from classroom.control.client import call


@pytest.mark.parametrize(
    ("code", "said"),
    [(1013, "takes no more control connections now (too many wrong tokens)"), (1001, "No lesson answers at ws://")],
)
async def test_a_refusal_is_not_taken_for_silence(code: int, said: str) -> None:
    async def refuse(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(code, "too many wrong tokens")

    async with serve(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(AddressError) as told:
            await call(f"127.0.0.1:{port}", "token", "state", {})
    assert said in str(told.value)
