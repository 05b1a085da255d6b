"""Debian's Janus as another server of the same packets: its streaming plugin gets plain RTP on the loopback.

It runs with its own defaults, except for the settings of folders, ports and codecs, and for the number of event loops
if that is given. The measurement controls it over its websocket.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import socket
import struct
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from classroom.bench.process import end
from classroom.bench.students import Students
from classroom.common.errors import SetupError
from classroom.media.frames import Encoded
from classroom.webrtc.rtp.packetizer import packetize

__all__ = ["Janus", "Plain", "janus", "janus_installed"]

_STARTS_WITHIN: Final = 20.0
_ANSWERS_WITHIN: Final = 30.0
_ENDS_WITHIN: Final = 5.0
_KEEP_ALIVE: Final = 20.0
_PICTURE: Final = 96
_SOUND: Final = 111
_FIXED: Final = struct.Struct("!BBHII")


def janus_installed() -> bool:
    """Whether Janus is installed, with the plugin and the transport that are needed."""
    return shutil.which("janus") is not None and _plugin_folder() is not None


def _plugin_folder() -> Path | None:
    for library in [*sorted(Path("/usr/lib").glob("*/janus")), Path("/usr/lib/janus")]:
        plugin, transport = library / "plugins", library / "transports"
        if list(plugin.glob("libjanus_streaming.so*")) and list(transport.glob("libjanus_websockets.so*")):
            return library
    return None


class Plain:
    """Sends encoded pictures and sound as RTP without encryption (RFC 3550) to two ports of the loopback."""

    def __init__(self, picture: int, sound: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._to = {"h264": (picture, _PICTURE, 1), "opus": (sound, _SOUND, 2)}
        self._next = dict.fromkeys(self._to, 0)
        self.packets = 0

    def publish(self, encoded: Encoded) -> None:
        """Send one picture or block."""
        port, payload_type, ssrc = self._to[encoded.codec]
        payloads = packetize(encoded.codec, bytes(encoded.packet))
        assert encoded.packet.pts is not None, "encoders stamp what they make"
        stamp = encoded.packet.pts & 0xFFFF_FFFF
        for place, payload in enumerate(payloads):
            marker = 0x80 if encoded.codec != "opus" and place == len(payloads) - 1 else 0
            head = _FIXED.pack(0x80, marker | payload_type, self._next[encoded.codec], stamp, ssrc)
            self._next[encoded.codec] = self._next[encoded.codec] + 1 & 0xFFFF
            with contextlib.suppress(OSError):
                self._socket.sendto(head + payload, ("127.0.0.1", port))
            self.packets += 1

    def close(self) -> None:
        """Stop sending."""
        self._socket.close()


class Janus:
    """A running Janus with one mountpoint. Receivers of ``students`` watch it."""

    def __init__(self, websocket: ClientConnection, process: asyncio.subprocess.Process, students: Students) -> None:
        self._websocket = websocket
        self._process = process
        self._students = students
        self._numbers = itertools.count(1)
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._events: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._session = 0
        self._ids: list[int] = []

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def grow(self, number: int) -> None:
        """Let students join until their number is ``number``."""
        while len(self._ids) < number:
            await self._join()

    async def close(self) -> None:
        """Disconnect all students."""
        await self._students.close(self._ids)
        self._ids.clear()

    async def listen(self) -> None:
        """Read its messages until cancelled."""
        async for text in self._websocket:
            said = json.loads(text)
            transaction = said.get("transaction", "")
            waiting = self._replies.get(transaction)
            if said["janus"] == "event" and said.get("sender") in self._events:
                self._events[said["sender"]].put_nowait(said)
            elif waiting is not None and not waiting.done() and said["janus"] != "ack":
                waiting.set_result(said)

    async def keep_alive(self) -> None:
        """Keep the session from expiring, until cancelled."""
        while True:
            await asyncio.sleep(_KEEP_ALIVE)
            if self._session:
                await self._send(janus="keepalive")

    async def begin(self) -> None:
        """Open a session."""
        self._session = (await self._ask(janus="create"))["data"]["id"]

    async def _join(self) -> None:
        handle = (await self._ask(janus="attach", plugin="janus.plugin.streaming"))["data"]["id"]
        events = self._events[handle] = asyncio.Queue()
        await self._send(janus="message", handle_id=handle, body={"request": "watch", "id": 1})
        offer = await self._event(events)
        identifier, sdp = await self._students.answer(offer["jsep"]["sdp"])
        self._ids.append(identifier)
        await self._send(
            janus="message", handle_id=handle, body={"request": "start"}, jsep={"type": "answer", "sdp": sdp}
        )
        await self._event(events)

    async def _event(self, events: asyncio.Queue[dict[str, Any]]) -> dict[str, Any]:
        said = await asyncio.wait_for(events.get(), _ANSWERS_WITHIN)
        if "error" in said.get("plugindata", {}).get("data", {}):
            raise SetupError(f"Janus refuses: {said['plugindata']['data']['error']}")
        return said

    async def _ask(self, **values: object) -> dict[str, Any]:
        transaction = f"ask {next(self._numbers)}"
        reply = self._replies[transaction] = asyncio.get_running_loop().create_future()
        try:
            await self._send(transaction=transaction, **values)
            said: dict[str, Any] = await asyncio.wait_for(reply, _ANSWERS_WITHIN)
        finally:
            del self._replies[transaction]
        if said["janus"] != "success":
            raise SetupError(f"Janus refuses: {said.get('error', said)}")
        return said

    async def _send(self, **values: object) -> None:
        session = {"session_id": self._session} if self._session else {}
        values.setdefault("transaction", f"say {next(self._numbers)}")
        await self._websocket.send(json.dumps({**session, **values}))


@contextlib.asynccontextmanager
async def janus(students: Students, *, event_loops: int = 0) -> AsyncIterator[tuple[Janus, Plain]]:
    """Start a Janus, and a sender that feeds it. Both end with this context.

    ``event_loops`` threads serve all students; 0 is Janus's default, a thread for each student.
    """
    program, library = shutil.which("janus"), _plugin_folder()
    if program is None or library is None:
        raise SetupError("This measurement needs Janus. Install it, as with: apt-get install janus")
    with tempfile.TemporaryDirectory(prefix="classroom-janus-") as name:
        folder = Path(name)
        control, picture, sound = _free_port(socket.SOCK_STREAM), _free_port(), _free_port()
        _configure(folder, library, control, picture, sound, event_loops)
        words = folder / "words"
        with words.open("wb") as stream:
            process = await asyncio.create_subprocess_exec(
                program, f"--configs-folder={folder}", stdin=asyncio.subprocess.DEVNULL, stdout=stream, stderr=stream
            )
            feed = Plain(picture, sound)
            try:
                websocket = await _connected(f"ws://127.0.0.1:{control}", process, words)
                async with websocket:
                    each = Janus(websocket, process, students)
                    always = [asyncio.create_task(work) for work in (each.listen(), each.keep_alive())]
                    try:
                        await each.begin()
                        yield each, feed
                    finally:
                        for task in always:
                            task.cancel()
                        await asyncio.gather(*always, return_exceptions=True)
                        await each.close()
            finally:
                feed.close()
                await end(process, within=_ENDS_WITHIN)


async def _connected(url: str, process: asyncio.subprocess.Process, words: Path) -> ClientConnection:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _STARTS_WITHIN
    while process.returncode is None and loop.time() < deadline:
        try:
            return await connect(url, subprotocols=["janus-protocol"])  # type: ignore[list-item]
        except OSError:
            await asyncio.sleep(0.1)
    said = await asyncio.to_thread(words.read_text, "utf-8", "replace")
    raise SetupError(f"Janus did not start. It said: {said[-2000:].strip()}")


def _configure(folder: Path, library: Path, control: int, picture: int, sound: int, event_loops: int) -> None:
    loops = f"event_loops = {event_loops}" if event_loops else ""
    (folder / "janus.jcfg").write_text(
        f"""general: {{
    configs_folder = "{folder}"
    plugins_folder = "{library}/plugins"
    transports_folder = "{library}/transports"
    events_folder = "{folder}"
    loggers_folder = "{folder}"
    debug_level = 3
    {loops}
}}
plugins: {{ disable = "{_all_but(library / "plugins", "streaming")}" }}
transports: {{ disable = "{_all_but(library / "transports", "websockets")}" }}
""",
        encoding="utf-8",
    )
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{ json = "compact", ws = true, ws_port = {control}, ws_ip = "127.0.0.1" }}\n', encoding="utf-8"
    )
    (folder / "janus.plugin.streaming.jcfg").write_text(
        f"""program: {{
    type = "rtp"
    id = 1
    description = "bench"
    audio = true
    audioport = {sound}
    audioiface = "127.0.0.1"
    audiopt = {_SOUND}
    audiocodec = "opus"
    video = true
    videoport = {picture}
    videoiface = "127.0.0.1"
    videopt = {_PICTURE}
    videocodec = "h264"
    videofmtp = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1"
}}
""",
        encoding="utf-8",
    )


def _all_but(folder: Path, name: str) -> str:
    return ",".join(
        sorted({each.name for each in folder.glob("libjanus_*.so*") if each.name.split(".")[0] != f"libjanus_{name}"})
    )


def _free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
