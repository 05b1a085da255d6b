"""The connections that teachers can start over the control websocket, by role."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Mapping
from typing import Literal

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.messages import Accepted, IceServersRenewed, ToTeacher, to_json
from classroom.webrtc.monitor import ProgramMonitor, ViewerFactory
from classroom.webrtc.publishers import Publishers
from classroom.webrtc.receiving.publisher import Publisher

__all__ = ["TeacherConnections"]

_IS_OFFERED = Wording("peer.is_offered", "A monitor is offered the program: leave out source and sdp.")

Say = Callable[[Mapping[str, object]], None]
"""Sends a message to the client, as a JSON object."""


class TeacherConnections:
    """Starts the connections that a teacher's page asks for. Each belongs to the session that asked, which ends it."""

    def __init__(self, *, make_viewer: ViewerFactory, ice_servers: IceServers, publishers: Publishers) -> None:
        self._make_viewer = make_viewer
        self._ice_servers = ice_servers
        self._publishers = publishers
        self._monitors: weakref.WeakSet[ProgramMonitor] = weakref.WeakSet()

    def begin(
        self, role: Literal["monitor", "publish"], source: str | None, sdp: str | None, say: Say
    ) -> ProgramMonitor | Publisher:
        """Start a connection; ``say`` sends the client the broadcaster's messages. Raises CommandError."""

        def tell(message: ToTeacher) -> None:
            say(to_json(message))

        match role:
            case "monitor":
                if source is not None or sdp is not None:
                    raise CommandError.not_possible(_IS_OFFERED())
                tell(Accepted(self._ice_servers.for_page("monitor")))
                monitor = ProgramMonitor(make_viewer=self._make_viewer, tell=tell)
                self._monitors.add(monitor)
                return monitor
            case "publish":
                return self._publishers.begin(source, sdp, tell)

    def end_removed(self) -> None:
        """End the connections to sources that the lesson no longer has."""
        self._publishers.end_removed()

    async def refresh_ice_servers(self) -> None:
        """Give the monitors new passwords for the TURN server before theirs expire; see ``StudentPages``."""
        while (after := self._ice_servers.refresh_after) is not None:
            await asyncio.sleep(after)
            self.tell_monitors(IceServersRenewed(self._ice_servers.for_page("monitor")))

    def tell_monitors(self, message: ToTeacher) -> None:
        """Send a message to all monitors."""
        for monitor in list(self._monitors):
            monitor.tell(message)
