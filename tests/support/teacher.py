"""A program at the control socket: it asks, and keeps the notifications ``peer``."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from classroom.broadcaster import Broadcaster
from classroom.server.site import CONTROL_SUBPROTOCOL
from tests.support.broadcast import TOKEN

__all__ = ["Caller", "calling"]


class Caller:
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.news: list[str] = []
        self.state: dict[str, Any] = {}
        """The sections of the state as it was told, at hello and since."""
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0
        self.greeting: dict[str, Any] = {}

    async def read(self) -> None:
        """Sort what comes until the connection ends."""
        async for frame in self.connection:
            message = json.loads(frame)
            if message.get("method") == "peer":
                self.said.put_nowait(message["params"])
            elif "id" in message:
                self._replies.pop(message["id"]).set_result(message)
            else:
                self.news.append(message["method"])
                if message["method"] == "state":
                    self.state |= message["params"]
                elif message["method"] == "chat":
                    gone = message["params"]["removed"]
                    kept = [each for each in self.state["chat"] if each["id"] not in gone]
                    self.state["chat"] = kept + message["params"]["added"]

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        """The whole answer to a request."""
        self._count += 1
        reply = self._replies[self._count] = asyncio.get_running_loop().create_future()
        request = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params}
        await self.connection.send(json.dumps(request))
        return await asyncio.wait_for(reply, 20)

    async def hears(self, kind: str) -> dict[str, Any]:
        """The next notification ``peer`` of a type; others are left out."""
        while True:
            said = await asyncio.wait_for(self.said.get(), 30)
            if said["type"] == kind:
                return said


@contextlib.asynccontextmanager
async def calling(lesson: Broadcaster, **hello: object) -> AsyncIterator[Caller]:
    """Connect and say hello, as the teacher unless something else is given; ``greeting`` is the answer."""
    async with connect(f"ws://127.0.0.1:{lesson.port}/control", subprotocols=[CONTROL_SUBPROTOCOL]) as connection:
        caller = Caller(connection)
        reading = asyncio.create_task(caller.read())
        try:
            caller.greeting = await caller.ask("hello", **(hello or {"token": TOKEN}))
            caller.state = {**caller.greeting.get("result", {}).get("state", {}), **caller.state}
            yield caller
        finally:
            await connection.close()
            await asyncio.gather(reading, return_exceptions=True)
