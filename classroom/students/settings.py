"""What an audience is made of: the places it has, what viewers need, and how peers and the teacher are reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from classroom.common.free_memory import MemoryWatch
from classroom.webrtc.blocked_network import BlockedStudentsAlarm
from classroom.webrtc.ice.server_check import StudentRelayFaults
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.open_files import OpenFilesAlarm
from classroom.webrtc.sending.feed import OfferedProgram
from classroom.webrtc.sending.playout_delay import PlayoutRule

__all__ = ["AdmissionRules", "AudienceAlarms", "PeerChannel", "ViewerSettings"]


@dataclass(frozen=True, slots=True)
class AdmissionRules:
    """How many students may watch at once, and the title and language that a student's page shows."""

    title: str
    language: str | None
    most: int


@dataclass(frozen=True, slots=True)
class ViewerSettings:
    """What each viewer of the program needs."""

    program: OfferedProgram
    ice_servers: IceServers
    playout: PlayoutRule


@dataclass(frozen=True, slots=True)
class PeerChannel:
    """How peers are reached through the signaling.

    ``send(peer, text)`` gives a message to a peer and raises WireError when it is gone. ``sign_out(peer)`` ends its
    membership in the signaling room; it is None where an external server runs the room. ``absence(peer)`` returns for
    how many seconds a peer has fetched no messages.
    """

    send: Callable[[int, str], Awaitable[None]]
    sign_out: Callable[[int], Awaitable[None]] | None
    absence: Callable[[int], float] = lambda _: 0.0


@dataclass(frozen=True, slots=True)
class AudienceAlarms:
    """What notifies the teacher that students get nothing: no memory, no open files, no relay, a blocked network."""

    memory: MemoryWatch
    open_files: OpenFilesAlarm
    relay_faults: StudentRelayFaults
    blocked_students: BlockedStudentsAlarm
