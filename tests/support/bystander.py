"""Somebody who only wants to follow the lesson while others misbehave, and looks at the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.machine import measured_machine
from tests.support.native_client import NativeClient
from tests.support.port import OpenPort, until

__all__ = ["Bystander", "bystander"]

_LATE = 1.0
"""Seconds after which news is late."""


class Bystander:
    """Gets a message from the hub twenty times a second; ``delays`` are how long each took, in seconds."""

    def __init__(self, opened: OpenPort, client: NativeClient) -> None:
        self._opened = opened
        self._client = client
        self.delays: list[float] = []

    async def follow(self) -> None:
        loop = asyncio.get_running_loop()
        number = 0
        while True:
            number += 1
            sent = loop.time()
            await self._opened.member.send(self._client.id, b"%d" % number)
            message = await self._client.next_message()
            assert message.body == b"%d" % number, "news was lost"
            self.delays.append(loop.time() - sent)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def bystander(opened: OpenPort) -> AsyncIterator[Bystander]:
    """A student of a port whose hub is signed in; at the end it must have got all of its news, and in time."""
    with measured_machine() as machine:
        async with NativeClient("127.0.0.1", opened.port, b"bystander") as client:
            await client.sign_in()
            each = Bystander(opened, client)
            following = asyncio.create_task(each.follow())
            try:
                await until(lambda: len(each.delays) > 0 or following.done())
                yield each
                heard = len(each.delays)
                await until(lambda: len(each.delays) >= heard + 2 or following.done())
            finally:
                following.cancel()
                ended = (await asyncio.gather(following, return_exceptions=True))[0]
            assert isinstance(ended, asyncio.CancelledError), f"the bystander was disturbed: {ended!r}"
            assert client.dropped is None
            assert max(each.delays) <= machine.allows(_LATE)
