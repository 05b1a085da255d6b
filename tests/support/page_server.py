"""A server for tests of the pages alone: the real port, pages and signaling, and a control desk with a set state.

It shows the teacher page states that a real lesson reaches only with luck (a camera that is lost, an alarm, a full
class) and notes every request, so that a test can say exactly what a button asked for.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import functools
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, TypeVar, Unpack, cast

from aiohttp import web
from PIL import Image
from prometheus_client import CollectorRegistry
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed

from classroom.broadcaster import COMMANDS
from classroom.common.alarms import Alarm, RestartSource
from classroom.common.clock import SystemClock
from classroom.control.connection import ControlConnection
from classroom.control.news import MetersNews, ThumbnailNews
from classroom.control.registry import CommandReply
from classroom.control.session import WatchedNews
from classroom.director.scene import SceneEntry
from classroom.features.alarms import AlarmEntry, describe
from classroom.features.lesson import LessonSection
from classroom.features.reports import RecordingSection
from classroom.features.room import RoomSection
from classroom.features.run_of_show import CuesSection
from classroom.features.scenes import ProgramSection
from classroom.features.sound import InputEntry
from classroom.features.sources import SourceEntry
from classroom.features.teacher_connections import StartedConnection
from classroom.lesson.audio import AudioSettings
from classroom.media.supervisor import SourceState
from classroom.server import Site, SiteSettings, add_pages
from classroom.server.authority import Authority
from classroom.server.health_endpoints import add_reports
from classroom.server.join_code import add_join_code
from classroom.server.trust import add_trust
from classroom.signaling import Joined, Left, Message, Peer, PeerEvent, Room, RoomMember, Switchboard, add_routes
from classroom.students.chat_log import ChatEntry
from classroom.students.roster import StudentEntry
from classroom.webrtc.messages import ToPage, ToTeacher, encode, to_json

__all__ = ["STATE", "TOKEN", "ErrorReply", "PageServer", "State", "documented_alarms", "jpeg", "page_server", "slides"]

Found = TypeVar("Found")

TOKEN = "right-token"

_OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


class State(TypedDict, total=False):
    """The sections of the state, each as its producer types it. A change names only some of them."""

    lesson: LessonSection
    program: ProgramSection
    preview: str | None
    stand_ins: dict[str, str | None]
    scenes: dict[str, SceneEntry]
    cues: CuesSection
    sources: dict[str, SourceEntry]
    audio: dict[str, InputEntry]
    students: dict[str, StudentEntry]
    room: RoomSection
    alarms: list[AlarmEntry]
    chat: list[ChatEntry]
    recording: RecordingSection


class ErrorReply(TypedDict):
    """The error of a reply (JSON-RPC 2.0, section 5.1)."""

    code: int
    message: str
    data: NotRequired[dict[str, object]]


@functools.cache
def documented_alarms() -> frozenset[str]:
    """The codes of all alarms, from the table in docs/operations.md."""
    return frozenset(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", _OPERATIONS.read_text("utf-8"), re.MULTILINE))


def _student(
    name: str,
    joined: str,
    state: Literal["waiting", "watching", "gone"],
    round_trip: float | None = None,
    loss: float | None = None,
) -> StudentEntry:
    return {
        "name": name,
        "joined": f"2026-11-22T{joined}Z",
        "state": state,
        "admitted": True,
        "blocked": False,
        "hand": False,
        "raised": None,
        "tier": None,
        "codec": None,
        "round_trip": round_trip,
        "loss": loss,
        "can_send": None,
        "small": False,
        "latency": None,
        "shows": None,
    }


def _source(
    kind: str,
    size: tuple[int, int] | None,
    fps: float | None = None,
    *,
    state: SourceState = "live",
    why: str | None = None,
) -> SourceEntry:
    return {"kind": kind, "state": state, "why": why, "reason": None, "size": size, "fps": fps}


def slides(page: int, pages: int) -> SourceEntry:
    """A source of slides that shows a page."""
    return {**_source("slides", (1280, 720)), "page": page, "pages": pages}


def _input(kind: str, settings: AudioSettings, source: str | None = None) -> InputEntry:
    rest: dict[str, Any] = {"kind": kind, "source": source, "state": "live", "why": None, "reason": None}
    return cast(InputEntry, {**settings.describe(), **rest})


_UNPLUGGED = "The camera was unplugged. Plug it in again; it then returns by itself."

STATE: State = {
    "lesson": {
        "title": "Linear algebra, week 3",
        "language": "en",
        "started": "2026-11-22T10:00:00Z",
        "elapsed": 754,
        "addresses": [],
        "secure_addresses": [],
        "fingerprint": None,
        "order": {
            "scenes": ["talk", "desk", "both", "duo", "experiment", "away"],
            "sources": ["camera", "screen", "bench", "pause", "slides"],
            "audio": ["mic", "music"],
        },
    },
    "program": {"scene": "desk", "since": "2026-11-22T10:05:00Z", "transition": None},
    "preview": None,
    "stand_ins": {},
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
    "cues": {"mode": "automatic", "next": None, "left": None, "due": 0, "list": []},
    "sources": {
        "camera": _source("camera", (1280, 720), 29.97),
        "screen": _source("screen", (1920, 1080), 15),
        "bench": _source("camera", None, state="lost", why=_UNPLUGGED),
        "pause": _source("card", (1280, 720)),
        "slides": _source("slides", None, state="starting"),
    },
    "audio": {
        "mic": _input("microphone", AudioSettings(gain=-6.0, delay=40.0)),
        "music": _input("source", AudioSettings(muted=True, duck=12.0, heard="on-air"), source="intro"),
    },
    "students": {
        "1": _student("Ada Lovelace", "10:00:12", "watching", 0.012, 0.0),
        "2": _student("王小明", "10:01:40", "watching", 0.084, 0.021),
        "3": _student("Maximilian-Alexander von und zu Hohenstein-Wolkenburg", "10:03:05", "waiting"),
        "4": _student("<img src=x onerror=alert(1)>", "10:04:00", "gone"),
    },
    "room": {"chat": "everyone", "floor": True, "admit": "everyone", "closed": False},
    "alarms": [describe(Alarm("source.lost", _UNPLUGGED, "bench", RestartSource("bench")))],
    "chat": [],
    "recording": {"state": "not available", "file": None, "seconds": 0, "bytes": 0, "disk_minutes": None},
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
        self.errors: dict[str, ErrorReply] = {}
        self.answering = asyncio.Event()
        """Unless it is set nothing is answered, as by a program that hangs."""
        self.answering.set()
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

    async def change(self, **sections: Unpack[State]) -> None:
        """Change the state and tell every page."""
        for alarm in sections.get("alarms", ()):
            assert alarm["code"] in documented_alarms(), f"the product has no alarm {alarm['code']}"
        self.state.update(sections)
        self.revision += 1
        self._notify("state", {"revision": self.revision, **sections})

    def send_meters(self, news: MetersNews) -> None:
        """Send the notification ``meters`` to every teacher's page."""
        self._notify("meters", news)

    def send_thumbnail(self, news: ThumbnailNews) -> None:
        """Send the notification ``thumbnail`` to every teacher's page."""
        self._notify("thumbnail", news)

    def say_to_teacher(self, peer: str, message: ToTeacher) -> None:
        """Send a message about a WebRTC connection of a teacher's page, as the notification ``peer``."""
        self._notify("peer", {"peer": peer, **to_json(message)})

    def _notify(self, method: str, params: Mapping[str, object]) -> None:
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

    async def say(self, peer: int, message: ToPage) -> None:
        """Send a message to a page as the broadcaster."""
        await self.member.send(peer, encode(message))

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
                await self.answering.wait()
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
        sections: State = {}
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
            reply["result"] = {**self._common(), "state": self.state}
        elif method in self.errors:
            reply["error"] = self.errors[method]
        else:
            sections = self._effect(method, params)
            reply["result"] = {**self._common(changes=bool(sections)), **self._added(method, params)}
        await connection.send(json.dumps(reply))
        if sections:
            await self.change(**sections)

    def _common(self, *, changes: bool = False) -> CommandReply:
        return {"revision": self.revision + changes}

    def _added(self, method: str, params: dict[str, Any]) -> Mapping[str, object]:
        match method:
            case "peer.offer":
                started: StartedConnection = {"peer": "1"}
                return started
            case "watch":
                watched: WatchedNews = {
                    "meters": bool(params.get("meters")),
                    "thumbnails": bool(params.get("thumbnails")),
                }
                return watched
            case _:
                assert COMMANDS[method].reply is type(None), f"the stand-in does not know the reply to {method}"
                return {}

    def _effect(self, method: str, params: dict[str, Any]) -> State:
        match method:
            case "program.switch":
                return {"program": {**self.state["program"], "scene": params["scene"]}}
            case "preview.set":
                return {"preview": params["scene"]}
            case "program.take":
                program, preview = self.state["program"], self.state["preview"]
                assert preview is not None
                return {"program": {**program, "scene": preview}, "preview": program["scene"]}
            case "slides.goto":
                sources = copy.deepcopy(self.state["sources"])
                deck = sources[params["source"]]
                page = params["page"] if "page" in params else deck["page"] + params["step"]
                deck["page"] = min(deck["pages"], max(1, page))
                return {"sources": sources}
            case "audio.set":
                audio = copy.deepcopy(self.state["audio"])
                changes = {key: value for key, value in params.items() if key != "input"}
                audio[params["input"]] = cast(InputEntry, {**audio[params["input"]], **changes})
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
