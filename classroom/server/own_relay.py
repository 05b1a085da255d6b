"""The relay of ``classroom teach --relay``: coturn as a child of the lesson, for networks that let no UDP through.

The lesson never depends on it. When coturn ends it is restarted, later each time, and an alarm says so meanwhile. When
this computer gets another address it is restarted too, because it relays to our own addresses only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from classroom.common.alarms import Alarm, Alarms
from classroom.common.errors import AddressError, SetupError
from classroom.common.sentences import Wording
from classroom.common.tasks import run_supervised
from classroom.lesson import Lesson
from classroom.server import parent_watch
from classroom.server.coturn import CoturnConfig, choose_port, find_coturn, listening_addresses, own_addresses, user_for
from classroom.webrtc.ice.credentials import temporary
from classroom.webrtc.ice.probe import probe
from classroom.webrtc.ice.servers import IceServerAddress

__all__ = ["OwnRelay", "RelayOptions"]

logger = logging.getLogger(__name__)

_READY_WITHIN: Final = 20.0
_LOOKED_EVERY: Final = 5.0
"""Seconds between two looks at the addresses of this computer."""

_ASKED_EVERY: Final = 60.0
"""Seconds between two checks whether it still serves; it is restarted after two without an answer."""

_SHORTEST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_WELL_AFTER: Final = 60.0
"""Seconds of service after which the pauses start from the shortest again."""

_ENDED_WITHIN: Final = 5.0

_STOPPED: Final = Wording(
    "relay.stopped",
    "The relay server (coturn) stopped and is restarting. Students whose network blocks UDP have to wait for it.",
)


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """Asks for a relay. ``port`` is the port to listen on, 0 any free one; None is 3478 or the next free one."""

    port: int | None = None


class OwnRelay:
    """Runs coturn while it is open. Raises SetupError where there is no coturn."""

    lifetime: Final = 3600
    """Seconds after which a password for it expires."""

    def __init__(self, lesson: Lesson, *, host: str, options: RelayOptions, alarms: Alarms) -> None:
        self._program = find_coturn()
        self._user = user_for(os.getuid()) if hasattr(os, "getuid") else ""
        self._lesson = lesson
        self._host = host
        self._preferred_port = options.port
        self._alarms = alarms
        self.secret: Final = secrets.token_urlsafe(32)
        """Shared with coturn. It lasts as long as the lesson, so passwords survive a restart of coturn."""
        self._port: int | None = None
        self._own: list[str] = []
        self._listening: list[str] = []
        self._process: asyncio.subprocess.Process | None = None

    @property
    def port(self) -> int:
        """The port, for TCP and UDP; the same until the end."""
        assert self._port is not None, "it is not open"
        return self._port

    @property
    def process(self) -> asyncio.subprocess.Process | None:
        """The child while there is one."""
        return self._process

    def urls(self, student: str = "") -> list[str]:
        """How a page reaches the relay (RFC 7065), TCP last; ``student`` is the address of its computer, if known."""
        if self._port is None:
            return []
        hosts = [f"[{each}]" if ":" in each else each for each in self._hosts(student)]
        return [f"turn:{host}:{self._port}?transport={way}" for host in hosts for way in ("udp", "tcp")]

    @property
    def is_for_this_computer_only(self) -> bool:
        """Whether the lesson listens where nobody else can reach it, and the relay with it."""
        return all(_is_loopback(each) for each in self._hosts(""))

    def _hosts(self, student: str) -> list[str]:
        """The public name of the lesson, and the address from which this computer answers the student."""
        public = urlsplit(self._lesson.server.address or "").hostname
        near = _source_towards(student)
        if near not in self._listening:
            four = [each for each in self._listening if ":" not in each]
            six = [each for each in self._listening if ":" in each]
            return list(dict.fromkeys([*([public] if public else []), *four[:1], *six[:1]]))
        return list(dict.fromkeys([*([public] if public else []), near]))

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        """Run it until the stack unwinds. Raises SetupError and AddressError when it cannot be started now."""
        await self._look_around()
        if not self._listening:
            raise AddressError("--relay needs a network, and this computer is in none.")
        self._port = await asyncio.to_thread(choose_port, self._preferred_port, self._listening)
        stack.push_async_callback(self._end)
        try:
            await self._start()
        except OSError as fault:
            raise SetupError(f"coturn cannot be started: {fault}.") from fault
        run_supervised(stack, "relay", self._keep)

    async def _keep(self) -> None:
        pause = _SHORTEST_PAUSE
        while True:
            began = time.monotonic()
            if self._process is not None:
                moved = await self._until_over()
                await self._end()
                if time.monotonic() - began > _WELL_AFTER or moved:
                    pause = _SHORTEST_PAUSE
                if not moved:
                    self._alarms.put(Alarm("relay.stopped", _STOPPED()))
                    await asyncio.sleep(pause)
                    pause = min(_LONGEST_PAUSE, pause * 2)
            else:
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
            try:
                await self._look_around()
                await self._start()
            except (OSError, SetupError, AddressError) as fault:
                logger.warning("%s", fault)
                self._alarms.put(Alarm("relay.stopped", _STOPPED()))
                continue
            self._alarms.clear("relay.stopped")

    async def _until_over(self) -> bool:
        """Return when it has ended, does not answer, or needs another address; whether it is the last."""
        assert self._process is not None
        ended = asyncio.create_task(self._process.wait())
        silent, asked = 0, time.monotonic()
        try:
            while True:
                await asyncio.wait({ended}, timeout=_LOOKED_EVERY)
                if ended.done():
                    logger.warning("coturn ended with code %s", ended.result())
                    return False
                if not set(await asyncio.to_thread(own_addresses)) <= set(self._own):
                    logger.info("this computer has another address, so the relay is restarted")
                    return True
                if time.monotonic() - asked >= _ASKED_EVERY:
                    asked = time.monotonic()
                    silent = silent + 1 if await self._ask() == "silent" else 0
                    if silent > 1:
                        logger.warning("coturn does not answer")
                        return False
        finally:
            ended.cancel()

    async def _ask(self) -> str | None:
        host = self._listening[0]
        credential = temporary(self.secret, label="lesson", now=time.time(), lifetime=60)
        return await probe(IceServerAddress("", "turn", host, self.port, "tcp", tls=False), credential)

    async def _look_around(self) -> None:
        self._own = await asyncio.to_thread(own_addresses)
        self._listening = await asyncio.to_thread(listening_addresses, self._host, self._own)

    async def _start(self) -> None:
        """Start it and wait until it listens. The file with the secret is there for no longer than that."""
        if not self._listening:
            raise AddressError("This computer is in no network, so there is nothing to relay.")
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="classroom-relay-"))
        try:
            plan = CoturnConfig(
                listening=self._listening,
                own=self._own,
                port=self.port,
                secret=self.secret,
                students=self._lesson.access.max_students,
                bit_rate=self._lesson.video.bitrate,
            )
            configuration = folder / "turnserver.conf"
            configuration.touch(mode=0o600)
            configuration.write_text(plan.text(folder), "utf-8")
            if self._user:
                for each in (folder, configuration):
                    shutil.chown(each, self._user)
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(Path(parent_watch.__file__)), str(os.getpid()), self._user),
                *(self._program, "-c", str(configuration)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd="/",
                # Ctrl-C in the terminal is ours to answer.
                start_new_session=True,
            )
            await self._ready(self._process)
        except BaseException:
            await self._end()
            raise
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        """Return when it serves; SetupError when it does not."""
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline:
            if process.returncode is not None:
                raise SetupError(
                    f"coturn ended at once with code {process.returncode}. Try whether it runs by itself: turnserver -n"
                )
            # It listens before it knows the secret, and refuses everybody in between.
            if await self._ask() is None:
                return
            await asyncio.sleep(0.1)
        raise SetupError(f"coturn does not serve on port {self.port} after {_READY_WITHIN:g} s.")

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _ENDED_WITHIN)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                # With coturn, where that is not the process itself but a child of it; see parent_watch.py.
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _source_towards(student: str) -> str | None:
    """The address of this computer from which it sends to another; nothing is sent to find out."""
    try:
        address = ipaddress.ip_address(student)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probing:
            probing.connect((str(address), 9))
            return str(probing.getsockname()[0])
    except OSError:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"
