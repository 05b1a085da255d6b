"""What an audience is made of: the places it has, what viewers need, and how peers and the teacher are reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from classroom.common.free_memory import MemoryWatch
from classroom.common.sentences import Wording
from classroom.webrtc.blocked_network import BlockedStudentsAlarm
from classroom.webrtc.ice.server_check import StudentRelayFaults
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.open_files import OpenFilesAlarm
from classroom.webrtc.sending.feed import OfferedProgram
from classroom.webrtc.sending.playout_delay import PlayoutRule

__all__ = ["FULL", "HAS_LEFT", "AdmissionRules", "AudienceAlarms", "PeerChannel", "ViewerSettings"]


HAS_LEFT = Wording("students.has_left", "{student} has left and can be admitted when back.")
FULL = Wording(
    "students.full",
    "All {most} places are taken. Remove somebody first, or write a larger 'max_students' under 'access' in the lesson "
    "file.",
)


@dataclass(frozen=True, slots=True)
class AdmissionRules:
    """How many students may watch at once, what its page shows of the lesson, and who sees its name."""

    title: str
    language: str | None
    most: int
    names: Literal["teacher", "everyone"] = "teacher"


@dataclass(frozen=True, slots=True)
class ViewerSettings:
    """What each viewer of the program needs; ``monitor`` is the program as teachers are sent it."""

    program: OfferedProgram
    ice_servers: IceServers
    playout: PlayoutRule
    monitor: OfferedProgram


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
