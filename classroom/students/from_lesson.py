"""Makes the audience of a lesson file: who is admitted, and how the program is sent to them."""

from __future__ import annotations

from collections.abc import Callable

from classroom.common.alarms import Alarms
from classroom.common.clock import Clock, WallClock
from classroom.common.free_memory import MemoryWatch
from classroom.lesson import Lesson
from classroom.media.fanout import Fanout
from classroom.media.frames import Demand
from classroom.media.program import Program
from classroom.signaling.backend import SignalingBackend
from classroom.students.audience import Audience
from classroom.students.page_clock import PageClock
from classroom.students.room_rules import room_rules_of
from classroom.students.settings import AdmissionRules, AudienceAlarms, PeerChannel, ViewerSettings
from classroom.webrtc.aiortc_internals import offer_playout_delay
from classroom.webrtc.blocked_network import BlockedStudentsAlarm
from classroom.webrtc.ice.server_check import StudentRelayFaults
from classroom.webrtc.ice.servers import IceServers, OwnTurnServer
from classroom.webrtc.open_files import OpenFilesAlarm
from classroom.webrtc.sending.feed import OfferedProgram
from classroom.webrtc.sending.playout_delay import PlayoutRule
from classroom.webrtc.sending.transmitter import transmitter_or_alarm

__all__ = ["admission_of", "audience_of"]


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
    wall: WallClock,
    changed: Callable[[], None],
) -> Audience:
    """The audience of a lesson, reached through ``backend``.

    ``wall`` is the time of ``/clock``; ``changed`` is called when the state of the audience has changed.
    """
    transmitter = transmitter_or_alarm(clock, alarms)

    def offered(sound: Fanout, demand: Demand) -> OfferedProgram:
        pictures = {codec: program.renditions(codec) for codec in lesson.video.codecs}
        return OfferedProgram(pictures=pictures, sound=sound, sound_demand=demand, transmitter=transmitter)

    return Audience(
        admission=admission_of(lesson),
        rules=room_rules_of(lesson),
        viewers=ViewerSettings(
            offered(program.fanout("opus"), program.demand("opus")),
            ice_servers,
            # Where a delay cannot be sent, there is none; the log says why.
            PlayoutRule(lesson.video.playout_delay if offer_playout_delay() else "off"),
            monitor=offered(program.teacher_sound, program.teacher_demand),
        ),
        peers=PeerChannel(backend.member.send, backend.sign_out, backend.absence),
        alarms=AudienceAlarms(
            memory, OpenFilesAlarm(alarms), StudentRelayFaults(alarms), BlockedStudentsAlarm(alarms, own=relay)
        ),
        page_clock=PageClock(wall, fps=lesson.program.fps),
        changed=changed,
    )


def admission_of(lesson: Lesson) -> AdmissionRules:
    """The places in a lesson, and what it is called, for students who join."""
    return AdmissionRules(
        title=lesson.lesson.title,
        language=lesson.lesson.language,
        most=lesson.access.max_students,
        names=lesson.access.names,
    )
