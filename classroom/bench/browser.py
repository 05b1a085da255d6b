"""A headless Chromium that watches the program that it is offered, and reports what it saw.

The page asks for the next part, answers its offer, watches for the given time, and posts a sample for each frame. A
sample says when the frame could be read (epoch milliseconds), its source, the stamp in its pixels, and when it will be
displayed. If the machine has a sound card, the page also plays the sound, and posts its own statistics twice a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from aiohttp import web
from aiortc import RTCPeerConnection, RTCSessionDescription

from classroom.bench.pulse import sound_card
from classroom.common.errors import SetupError

__all__ = ["Frame", "Moment", "PageWatcher", "Seen", "browser"]

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_SWITCHES: Final = (
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--autoplay-policy=no-user-gesture-required",
    # The page and the broadcaster are on this machine. Without names for addresses they find each other at once.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--window-size=1280,720",
)
_PAGE: Final = '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/page.js"></script>'
_GRACE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as the page saw it. Times are in epoch milliseconds, ``stamp`` modulo 2^32."""

    at: float
    source: int
    stamp: int
    displayed: float

    @property
    def age(self) -> float:
        """Milliseconds from the making of the picture until the page read it."""
        return (self.at - self.stamp) % 2**32


@dataclass(frozen=True, slots=True)
class Moment:
    """What the browser's statistics said about sound and picture, ``at`` epoch milliseconds.

    ``held`` is the sum of the seconds for which its jitter buffer held samples of sound. ``emitted`` is the number of
    these samples, and ``concealed`` the number of those that it had to make up. ``offset`` is by how many milliseconds
    the picture is newer than the sound. It is None while the browser does not know it.
    """

    at: float
    held: float
    emitted: int
    concealed: int
    offset: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page saw of a part. If ``plays`` is True, it also played the sound."""

    frames: list[Frame]
    moments: list[Moment]
    plays: bool


class PageWatcher:
    """Watches one part after another. ``plays`` says whether it also plays the sound."""

    def __init__(self, *, plays: bool) -> None:
        self.plays = plays
        self._parts: asyncio.Queue[dict[str, object]] = asyncio.Queue(1)
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._seen: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._count = 0

    async def watch(
        self,
        connection: RTCPeerConnection,
        seconds: float,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> Seen:
        """Offer a connection to the page and let it watch. ``meanwhile`` runs once the page has answered."""
        self._count += 1
        await connection.setLocalDescription(await connection.createOffer())
        part = {"part": self._count, "sdp": connection.localDescription.sdp, "seconds": seconds, "plays": self.plays}
        await asyncio.wait_for(self._parts.put(part), _GRACE)
        answer = await self._from_page(self._answers, _GRACE)
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        if meanwhile is not None:
            await meanwhile()
        seen = await self._from_page(self._seen, seconds + _GRACE)
        await connection.close()
        return Seen(
            [Frame(*sample) for sample in seen["samples"]], [Moment(*each) for each in seen["moments"]], self.plays
        )

    async def finish(self) -> None:
        """Tell the page that nothing more will come."""
        with contextlib.suppress(asyncio.QueueFull):
            self._parts.put_nowait({"done": True})

    async def _from_page(self, queue: asyncio.Queue[dict[str, Any]], within: float) -> dict[str, Any]:
        try:
            value = await asyncio.wait_for(queue.get(), within)
        except TimeoutError as late:
            raise SetupError("The browser did not answer in time; is this machine very busy?") from late
        if "fault" in value:
            raise SetupError(f"The browser's page failed: {value['fault']}")
        return value

    def routes(self) -> list[web.RouteDef]:
        """The requests that the page makes."""
        return [
            web.get("/", self._page),
            web.get("/page.js", self._script),
            web.get("/next", self._next),
            web.post("/answer", self._take(self._answers)),
            web.post("/seen", self._take(self._seen)),
            web.post("/fault", self._fault),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def _script(self, request: web.Request) -> web.Response:
        text = files("classroom.bench").joinpath("page.js").read_text("utf-8")
        return web.Response(text=text, content_type="text/javascript")

    async def _next(self, request: web.Request) -> web.Response:
        return web.json_response(await self._parts.get())

    def _take(self, queue: asyncio.Queue[dict[str, Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def take(request: web.Request) -> web.Response:
            await queue.put(await request.json())
            return web.Response()

        return take

    async def _fault(self, request: web.Request) -> web.Response:
        text = (await request.json()).get("text", "")
        for queue in (self._answers, self._seen):
            await queue.put({"fault": text})
        return web.Response()


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[PageWatcher]:
    """A page in a headless Chromium of this machine. It raises SetupError if Chromium is not installed."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise SetupError("This measurement needs Chromium or Chrome. Install it, as with: apt-get install chromium")
    async with sound_card() as card, _served(program, card) as each:
        yield each


@contextlib.asynccontextmanager
async def _served(program: str, card: dict[str, str] | None) -> AsyncIterator[PageWatcher]:
    each = PageWatcher(plays=card is not None)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.add_routes(each.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        with tempfile.TemporaryDirectory(prefix="classroom-bench-", ignore_cleanup_errors=True) as profile:
            as_root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
            process = await asyncio.create_subprocess_exec(
                program, *_SWITCHES, *as_root, f"--user-data-dir={profile}", f"http://127.0.0.1:{port}/",
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, **(card or {})},
            )  # fmt: skip
            try:
                yield each
            finally:
                await each.finish()
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 5)
                except TimeoutError:
                    process.kill()
                    await process.wait()
    finally:
        await runner.cleanup()
