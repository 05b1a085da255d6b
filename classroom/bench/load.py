"""A crowd that only signals, as a process of its own: ``python -m classroom.bench.load HOST PORT MEMBERS``.

It signs in many members that keep a ``/wait`` pending, sends messages from them, and keeps connections open whose
request never ends. It prints a line when all of them are ready. When its standard input is closed, it prints a line
with what it did.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from dataclasses import dataclass
from typing import Final

from classroom.bench.signaling import SignalingReply, ask, get, post
from classroom.server.descriptors import connections_that_fit

__all__ = ["MEMBERS", "MESSAGES", "SLOW", "main"]

MEMBERS: Final = 500
SLOW: Final = 50
MESSAGES: Final = 100
"""Messages per second, of all members together."""

_AT_ONCE: Final = 20
"""Members that sign in at the same time at the start, which is not measured."""

_SAID: Final = (
    b'{"type":"statistics","latency":{"p50":0.1,"p95":0.15,"clock":0.001,"sound":null},'
    b'"shows":{"width":1280,"height":720,"fps":30,"freezes":0,"sound":"playing"}}'
)


@dataclass(slots=True)
class _Done:
    members: int = 0
    messages: int = 0
    failed: int = 0
    heads: int = 0
    """Unfinished requests that the server has cut. A new one starts for each of them."""


class _Crowd:
    def __init__(self, host: str, port: int, members: int) -> None:
        self._host = host
        self._port = port
        self._members = members
        self._door = asyncio.Semaphore(_AT_ONCE)
        self._ids: list[int] = []
        self._hub = 0
        self.done = _Done()

    async def run(self, stop: asyncio.Event) -> None:
        loris = [asyncio.create_task(self._crawl(number)) for number in range(SLOW)]
        ready = [asyncio.Event() for _ in range(self._members)]
        members = [asyncio.create_task(self._member(number, each)) for number, each in enumerate(ready)]
        tasks = [*loris, *members]
        try:
            await asyncio.gather(*(each.wait() for each in ready))
            self.done.members = len(self._ids)
            tasks.append(asyncio.create_task(self._talk()))
            print(json.dumps({"ready": self.done.members}), flush=True)
            await stop.wait()
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for each in ended:
            if not isinstance(each, asyncio.CancelledError | None):
                raise each
        print(json.dumps({name: getattr(self.done, name) for name in _Done.__slots__}), flush=True)

    async def _member(self, number: int, ready: asyncio.Event) -> None:
        """Sign in, take the offer, and wait until cancelled."""
        async with self._door:
            reply = await self._ask(get(f"/sign_in?crowd{number}"))
            own = reply.peer
            self._hub = int(reply.body.splitlines()[1].split(b",")[1])
            self._ids.append(own)
            await self._ask(get(f"/wait?peer_id={own}"))
        ready.set()
        while True:
            await self._ask(get(f"/wait?peer_id={own}"))

    async def _talk(self) -> None:
        """Send messages at an even pace, each from another member."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        sending: set[asyncio.Task[None]] = set()
        try:
            while True:
                for own in self._ids:
                    due += 1 / MESSAGES
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    task = asyncio.create_task(self._say(own))
                    sending.add(task)
                    task.add_done_callback(sending.discard)
        finally:
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def _say(self, own: int) -> None:
        try:
            reply = await self._ask(post(own, self._hub, _SAID))
        except (OSError, EOFError):
            self.done.failed += 1
            return
        if reply.status == 200:
            self.done.messages += 1
        else:
            self.done.failed += 1

    async def _crawl(self, number: int) -> None:
        """Send a request byte by byte and never finish it. Start again when the server closes the connection."""
        await asyncio.sleep(number / SLOW)
        while True:
            reader, writer = await asyncio.open_connection(self._host, self._port)
            try:
                while not reader.at_eof():
                    writer.write(b"G")
                    try:
                        await asyncio.wait_for(reader.read(4096), 1.0)
                    except TimeoutError:
                        continue
            except ConnectionError:
                pass
            finally:
                writer.close()
            self.done.heads += 1

    async def _ask(self, request: bytes) -> SignalingReply:
        return await ask(self._host, self._port, request)


async def _run(host: str, port: int, members: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def until_closed() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=until_closed, name="standard input", daemon=True).start()
    await _Crowd(host, port, members).run(stop)


def main() -> None:
    """Run the crowd until standard input is closed."""
    host, port, members = sys.argv[1:]
    connections_that_fit(2 * (int(members) + SLOW))
    asyncio.run(_run(host, int(port), int(members)))


if __name__ == "__main__":
    main()
