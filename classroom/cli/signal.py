"""``classroom signal``: the signaling server alone, as a replacement for Chromium's sample ``peerconnection_server``.

As in the original, all members see one another and ids count 1, 2, 3. Nothing that carries pictures or sound is
imported here, so that it starts at once and fits on a small machine.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Final

from aiohttp import web

from classroom.cli.interrupt import stop_on_signals
from classroom.common.clock import SystemClock
from classroom.server.site import Site, SiteSettings
from classroom.signaling import Room, Switchboard, add_routes

__all__ = ["signal", "signal_site"]

_MEMBERS: Final = 1000
"""The original has room for FD_SETSIZE - 2 connections, 1022 on most systems; a member mostly keeps one open."""


def signal_site(*, host: str, port: int, on_quit: asyncio.Event | None = None) -> Site:
    """The server, not started yet; where an event is given, ``/quit`` is allowed and sets it."""
    app = web.Application()
    switchboard = Switchboard(room=Room(visibility="all", ids="sequential", max_members=_MEMBERS), clock=SystemClock())
    add_routes(app, switchboard, everything_else=True, on_quit=on_quit.set if on_quit is not None else None)
    return Site(SiteSettings(host=host, port=port), app=app)


async def signal(*, host: str, port: int, allow_quit: bool) -> int:
    """Serve until Ctrl-C, SIGTERM or an allowed ``/quit``; the exit code. Raises AddressError."""
    _stay_small()
    stopping = asyncio.Event()
    site = signal_site(host=host, port=port, on_quit=stopping if allow_quit else None)
    with stop_on_signals(stopping.set) as shutdown:
        async with site:
            first, *others = site.addresses("")
            print(f"Signaling: {first}")
            for other in others:
                print(f"           {other}")
            sys.stdout.flush()
            print("Signaling clients use this address; a browser shows an error there.", file=sys.stderr)
            print("Ctrl-C stops the server.", file=sys.stderr, flush=True)
            await stopping.wait()
            shutdown.begin()
    return 0


def _stay_small() -> None:
    """Collect the reference cycles of each request before they pile up: the process would keep their memory.

    With the interpreter's own thresholds 500 members cost 21 KiB each, with these 13 KiB. The modules themselves are
    frozen, or each collection would go through all of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200, 5, 5)
