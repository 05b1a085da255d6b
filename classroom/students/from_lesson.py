"""The audience of a lesson: from what it says to who may watch and how it is sent to them."""

from __future__ import annotations

from collections.abc import Callable

from classroom.common.alarms import Alarms
from classroom.common.clock import Clock
from classroom.common.free_memory import MemoryWatch
from classroom.lesson import Lesson
from classroom.media.program import Program
from classroom.signaling.backend import SignalingBackend
from classroom.students.audience import Audience
from classroom.webrtc.aiortc_internals import offer_playout_delay
from classroom.webrtc.blocked_network import BlockedStudentsAlarm
from classroom.webrtc.ice.server_check import StudentRelayFaults
from classroom.webrtc.ice.servers import IceServers, OwnTurnServer
from classroom.webrtc.open_files import OpenFilesAlarm
from classroom.webrtc.sending.feed import OfferedProgram
from classroom.webrtc.sending.transmitter import transmitter_or_alarm

__all__ = ["audience_of"]


def audience_of(
    lesson: Lesson,
    *,
    program: Program,
    backend: SignalingBackend,
    ice_servers: IceServers,
    relay: OwnTurnServer | None,
    memory: MemoryWatch,
    alarms: Alarms,
    clock: Clock,
    changed: Callable[[], None],
) -> Audience:
    """The audience of a lesson that is met at ``backend``; ``changed`` is called when there is news of it."""
    return Audience(
        program=OfferedProgram(
            pictures={codec: program.renditions(codec) for codec in lesson.video.codecs},
            sound=program.fanout("opus"),
            sound_demand=program.demand("opus"),
            transmitter=transmitter_or_alarm(clock, alarms),
        ),
        title=lesson.lesson.title,
        language=lesson.lesson.language,
        admit=lesson.access.admit,
        most=lesson.access.max_students,
        ice_servers=ice_servers,
        student_faults=StudentRelayFaults(alarms),
        blocked_students=BlockedStudentsAlarm(alarms, own=relay),
        # A delay that cannot be sent is none; the log says why.
        playout_delay=lesson.video.playout_delay if offer_playout_delay() else "off",
        send=backend.member.send,
        sign_out=backend.sign_out,
        changed=changed,
        memory=memory,
        few_files=OpenFilesAlarm(alarms),
        absence=backend.absence,
    )
