"""Students' ends in a process of their own: ``python -m classroom.bench.receivers``, controlled by ``students.py``.

Each line of standard input is one JSON object. The answer is one JSON object on standard output, with the same
``number``. The process ends, with all its connections, when standard input is closed.
"""

from __future__ import annotations

import asyncio
import functools
import json
import selectors
import signal
import sys
import threading
import time
from typing import Any, Final

from classroom.bench.quality import decoded, measured
from classroom.bench.receiver import Receiver
from classroom.server.descriptors import connections_that_fit
from classroom.webrtc.aiortc_internals import offer_playout_delay

__all__ = ["main"]

_LOOK_EVERY: Final = 0.01
"""Seconds between two looks at the sockets: one system call for all new packets, instead of a wake-up for each."""

_REPORT_EVERY: Final = 1.0
_CONNECTIONS: Final = 1024


class Receivers:
    """The receivers of this process, by id."""

    def __init__(self) -> None:
        self._receivers: dict[int, Receiver] = {}
        self._selector = selectors.DefaultSelector()

    async def obey(self, said: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command. Return what it asks for, or nothing."""
        match said["do"]:
            case "answer":
                return await self._answer(said)
            case "close":
                return await self._close(said["ids"])
            case "count":
                return {"receivers": [self._counts(each, one) for each, one in self._receivers.items()]}
            case "forget gaps":
                for receiver in self._receivers.values():
                    for tally in receiver.tallies.values():
                        tally.forget_gaps()
                return {}
            case "decode":
                kept = self._receivers[said["id"]]
                return await asyncio.to_thread(decoded, kept.kept, kept.pictures, said["codec"])
            case "quality":
                kept = self._receivers[said["id"]]
                return await asyncio.to_thread(measured, kept.kept, kept.pictures, said["codec"])
            case other:
                raise ValueError(f"unknown command {other!r}")

    async def look(self) -> None:
        """Read the sockets repeatedly, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            for key, _ in self._selector.select(0):
                key.data.drain()

    async def report(self) -> None:
        """Let every receiver report once a second, evenly spread."""
        while True:
            receivers = list(self._receivers.values())
            for place, receiver in enumerate(receivers):
                receiver.report()
                if place % 8 == 7:
                    await asyncio.sleep(_REPORT_EVERY * 8 / len(receivers))
            await asyncio.sleep(_REPORT_EVERY * (len(receivers) % 8 or 8) / max(8, len(receivers)))

    async def _answer(self, said: dict[str, Any]) -> dict[str, Any]:
        receiver = Receiver(estimate=said["estimate"], keeps=said["keeps"])
        self._receivers[said["id"]] = receiver

        def taken(one: Receiver) -> None:
            assert one.socket is not None
            self._selector.register(one.socket, selectors.EVENT_READ, one)
            one.drain()

        return {"sdp": await receiver.answer(said["sdp"], taken)}

    async def _close(self, ids: list[int]) -> dict[str, Any]:
        leaving = [self._receivers.pop(each) for each in ids]
        for receiver in leaving:
            if receiver.socket is not None:
                self._selector.unregister(receiver.socket)
        await asyncio.gather(*(receiver.close() for receiver in leaving))
        return {}

    def _counts(self, number: int, receiver: Receiver) -> dict[str, Any]:
        pictures = [tally for ssrc, tally in receiver.tallies.items() if ssrc in receiver.pictures]
        tallies = list(receiver.tallies.values())
        return {
            "id": number,
            "at": time.monotonic(),
            "connected": receiver.connected,
            "packets": sum(tally.packets for tally in tallies),
            "expected": sum(tally.expected for tally in tallies),
            "octets": sum(tally.octets for tally in tallies),
            "frames": sum(tally.frames for tally in pictures),
            "first_frame": next((tally.first_frame for tally in pictures if tally.first_frame is not None), None),
            "longest_gap": max((tally.longest_gap for tally in pictures), default=0.0),
        }

    async def end(self) -> None:
        """Close all connections."""
        await self._close(list(self._receivers))
        self._selector.close()


async def _run() -> None:
    offer_playout_delay()
    loop = asyncio.get_running_loop()
    commands: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(commands.put_nowait, line)
        loop.call_soon_threadsafe(commands.put_nowait, None)

    threading.Thread(target=read, name="standard input", daemon=True).start()
    receivers = Receivers()
    always = [asyncio.create_task(work) for work in (receivers.look(), receivers.report())]
    obeying: set[asyncio.Task[dict[str, Any]]] = set()

    def answer(number: int, task: asyncio.Task[dict[str, Any]]) -> None:
        obeying.discard(task)
        if not task.cancelled():
            fault = task.exception()
            said = task.result() if fault is None else {"fault": f"{type(fault).__name__}: {fault}"}
            print(json.dumps({"number": number, **said}), flush=True)

    try:
        while (line := await commands.get()) is not None:
            said = json.loads(line)
            task = asyncio.create_task(receivers.obey(said))
            obeying.add(task)
            task.add_done_callback(functools.partial(answer, said["number"]))
            for work in always:
                if work.done():
                    work.result()
    finally:
        running: list[asyncio.Task[Any]] = [*always, *obeying]
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await receivers.end()


def main() -> None:
    """Receive until standard input is closed."""
    connections_that_fit(_CONNECTIONS, _CONNECTIONS)
    # Ctrl-C goes to all processes of a terminal. This one ends after the process that controls it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Only this kind of loop allows taking a socket from it, also on Windows.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(_run())


if __name__ == "__main__":
    main()
