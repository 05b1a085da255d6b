"""A server for tests of the pages alone: the real port, pages and signaling, and a control desk with a set state.

It shows the teacher page states that a real lesson reaches only with luck (a camera that is lost, an alarm, a full
class) and notes every request, so that a test can say exactly what a button asked for.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiohttp import web
from PIL import Image
from prometheus_client import CollectorRegistry
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed

from classroom.common.clock import SystemClock
from classroom.control.connection import ControlConnection
from classroom.server import Site, SiteSettings, add_pages
from classroom.server.authority import Authority
from classroom.server.join_code import add_join_code
from classroom.server.reports import add_reports
from classroom.server.trust import add_trust
from classroom.signaling import Joined, Left, Message, Peer, PeerEvent, Room, RoomMember, Switchboard, add_routes

__all__ = ["STATE", "TOKEN", "PageServer", "jpeg", "page_server"]

Found = TypeVar("Found")

TOKEN = "right-token"


def _student(
    name: str, joined: str, state: str, round_trip: float | None = None, loss: float | None = None
) -> dict[str, Any]:
    measured = {"round_trip": round_trip, "loss": loss, "latency": None}
    return {"name": name, "joined": f"2026-11-22T{joined}Z", "state": state, "hand": False, "tier": None} | measured


def _input(kind: str, **settings: Any) -> dict[str, Any]:
    usual = {"source": None, "gain": 0.0, "muted": False, "delay": 0.0, "duck": 0.0, "heard": "always"}
    return {"kind": kind, **usual, **settings, "state": "live"}


STATE: dict[str, Any] = {
    "lesson": {"title": "Linear algebra, week 3", "language": "en", "started": "2026-11-22T10:00:00Z", "elapsed": 754},
    "program": {"scene": "desk", "since": "2026-11-22T10:05:00Z", "transition": None},
    "preview": None,
    "scenes": {
        "talk": {"layout": "full", "show": ["camera"]},
        "desk": {"layout": "full", "show": ["screen"]},
        "both": {
            "layout": "picture-in-picture",
            "show": ["screen", "camera"],
            "corner": "bottom-right",
            "size": 0.25,
        },
        "duo": {"layout": "side-by-side", "show": ["camera", "screen"]},
        "experiment": {"layout": "full", "show": ["bench"]},
        "away": {"layout": "full", "show": ["pause"]},
    },
    "sources": {
        "camera": {"kind": "camera", "state": "live", "why": None, "size": [1280, 720], "fps": 29.97},
        "screen": {"kind": "screen", "state": "live", "why": None, "size": [1920, 1080], "fps": 15},
        "bench": {
            "kind": "camera",
            "state": "lost",
            "why": "The camera was unplugged. Plug it in again; it then returns by itself.",
            "size": None,
            "fps": None,
        },
        "pause": {"kind": "card", "state": "live", "why": None, "size": [1280, 720], "fps": None},
        "slides": {"kind": "slides", "state": "starting", "why": None, "size": None, "fps": None},
    },
    "audio": {
        "mic": _input("microphone", gain=-6.0, delay=40.0),
        "music": _input("source", source="intro", muted=True, duck=12.0, heard="on-air"),
    },
    "students": {
        "1": _student("Ada Lovelace", "10:00:12", "watching", 0.012, 0.0),
        "2": _student("王小明", "10:01:40", "watching", 0.084, 0.021),
        "3": _student("Maximilian-Alexander von und zu Hohenstein-Wolkenburg", "10:03:05", "waiting"),
        "4": _student("<img src=x onerror=alert(1)>", "10:04:00", "gone"),
    },
    "alarms": [
        {
            "code": "source-lost",
            "sentence": "The source bench is lost. Plug the camera in again.",
            "method": "source.restart",
        }
    ],
}


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (160, 90)) -> str:
    """A picture of one colour as the control protocol carries it."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return base64.b64encode(buffer.getvalue()).decode()


class PageServer:
    """The running server; ``requests`` are all control requests so far, hello included."""

    def __init__(self, site: Site, member: RoomMember) -> None:
        self._site = site
        self.member = member
        self.state = copy.deepcopy(STATE)
        self.revision = 1
        self.requests: list[dict[str, Any]] = []
        self.wrong_token_after = 0.0
        """Seconds; the real one takes up to 8, and is not alone."""
        self.errors: dict[str, dict[str, Any]] = {}
        self._connections: set[ServerConnection] = set()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._site.port}"

    @property
    def teach(self) -> str:
        return f"{self.origin}/teach#token={TOKEN}"

    def asked(self, method: str) -> list[dict[str, Any]]:
        """The parameters of all requests of a method, in order."""
        return [request.get("params", {}) for request in self.requests if request["method"] == method]

    async def change(self, **sections: Any) -> None:
        """Change the state and tell every page."""
        self.state |= sections
        self.revision += 1
        await self.notify("state", {"revision": self.revision, **sections})

    async def notify(self, method: str, params: dict[str, Any]) -> None:
        broadcast(self._connections, json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    async def hang_up(self) -> None:
        """Break every control connection, as a crash would."""
        for connection in list(self._connections):
            connection.transport.abort()

    async def hello(self) -> dict[str, Any]:
        """The first hello that a page says to the member that plays the broadcaster."""
        return (await self.page_message("hello"))[1]

    async def page_message(self, kind: str, within: float = 10.0) -> tuple[int, dict[str, Any]]:
        """The next message of a type from any page, and who sent it; what comes before it is left out."""

        def read(event: PeerEvent) -> tuple[int, dict[str, Any]] | None:
            if not isinstance(event, Message):
                return None
            body = json.loads(event.body)
            return (event.peer_id, body) if body.get("type") == kind else None

        return await self._next(read, within)

    async def peer(self, within: float = 10.0) -> Peer:
        """The next page that signs in."""
        return await self._next(lambda event: event.peer if isinstance(event, Joined) else None, within)

    async def left(self, within: float = 10.0) -> Peer:
        """The next page that signs out."""
        return await self._next(lambda event: event.peer if isinstance(event, Left) else None, within)

    async def say(self, peer: int, message: dict[str, Any]) -> None:
        """Send a message to a page as the broadcaster."""
        await self.member.send(peer, json.dumps(message))

    async def _next(self, read: Callable[[PeerEvent], Found | None], within: float) -> Found:
        async with asyncio.timeout(within):
            async for event in self.member.events():
                found = read(event)
                if found is not None:
                    return found
        raise AssertionError("the signaling ended before it came")

    async def serve(self, connection: ServerConnection) -> None:
        try:
            async for frame in connection:
                request = json.loads(frame)
                self.requests.append(request)
                await self._answer(connection, request)
        except ConnectionClosed:
            pass  # a page went, or a test hung up
        finally:
            self._connections.discard(connection)

    async def _answer(self, connection: ServerConnection, request: dict[str, Any]) -> None:
        method, params = request["method"], request.get("params", {})
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        sections: dict[str, Any] = {}
        if method == "hello":
            if "hello" in self.errors:
                reply["error"] = self.errors["hello"]
                await connection.send(json.dumps(reply))
                await connection.close()
                return
            if params.get("token") != TOKEN:
                await asyncio.sleep(self.wrong_token_after)
                reply["error"] = {"code": -32001, "message": "The token is wrong."}
                await connection.send(json.dumps(reply))
                await connection.close(4401, "wrong token")
                return
            self._connections.add(connection)
            reply["result"] = {"revision": self.revision, "state": self.state}
        elif method in self.errors:
            reply["error"] = self.errors[method]
        else:
            sections = self._effect(method, params)
            reply["result"] = {"revision": self.revision + bool(sections)}
            if method == "peer.offer":
                reply["result"]["peer"] = "1"
        await connection.send(json.dumps(reply))
        if sections:
            await self.change(**sections)

    def _effect(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "program.switch":
                return {"program": {**self.state["program"], "scene": params["scene"]}}
            case "preview.set":
                return {"preview": params["scene"]}
            case "program.take":
                program = self.state["program"]
                return {"program": {**program, "scene": self.state["preview"]}, "preview": program["scene"]}
            case "slides.goto":
                sources = copy.deepcopy(self.state["sources"])
                deck = sources[params["source"]]
                page = params["page"] if "page" in params else deck["page"] + params["step"]
                deck["page"] = min(deck["pages"], max(1, page))
                return {"sources": sources}
            case "audio.set":
                audio = copy.deepcopy(self.state["audio"])
                audio[params["input"]] |= {key: value for key, value in params.items() if key != "input"}
                return {"audio": audio}
            case _:
                return {}


@asynccontextmanager
async def page_server() -> AsyncIterator[PageServer]:
    """Serve the pages on a free port of the loopback."""
    switchboard = Switchboard(room=Room(visibility="hub", ids="random"), clock=SystemClock())
    app = web.Application()
    add_pages(app)
    add_reports(app, health=lambda: {"status": "on air"}, metrics=CollectorRegistry())
    add_routes(app, switchboard)
    servers: list[PageServer] = []
    authority = Authority.make("desk", datetime.now(UTC))
    add_join_code(app, address=lambda: f"{servers[0].origin}/")
    add_trust(app, authority=lambda: authority, tls_port=lambda: 8443, language="en")

    async def control(connection: ControlConnection) -> None:
        connection.trust()
        await servers[0].serve(connection)

    site = Site(SiteSettings(host="127.0.0.1", port=0), control_handler=control, app=app)
    servers.append(PageServer(site, RoomMember(switchboard)))
    async with site:
        yield servers[0]
