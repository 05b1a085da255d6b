"""When the time stamps of a student's picture and sound were, for the page to measure how late it is.

A page asks ``/clock`` for the time here, and each picture that it shows says its time stamp.
"""

from __future__ import annotations

from classroom.common.clock import WallClock
from classroom.students.roster import Student
from classroom.webrtc.messages import ClockLine, TimeLines
from classroom.webrtc.rtp.rtcp_writer import TimeLine

__all__ = ["PageClock"]


class PageClock:
    """Tells each page the time lines of its connection, once they are known.

    ``wall`` is the time of ``/clock``; ``fps`` are the program's pictures a second. A picture has the time stamp of
    its tick, for which it waited half a tick on average, so half a tick is part of how late it is.
    """

    def __init__(self, wall: WallClock, *, fps: float) -> None:
        self._wall = wall
        self._waited = 0.5 / fps

    def news(self, student: Student) -> TimeLines | None:
        """What a student's page has to know now and was not told; None where that is nothing."""
        if not student.page or student.viewer is None or student.viewer.time_lines == student.time_lines:
            return None
        picture, sound = student.time_lines = student.viewer.time_lines
        if picture is None and sound is None:
            return None  # a new connection, of which nothing is known yet
        return TimeLines(self._line(picture, self._waited), self._line(sound, 0.0))

    def _line(self, line: TimeLine | None, earlier: float) -> ClockLine | None:
        if line is None:
            return None
        at = self._wall.at(line.at - earlier)
        return {"ssrc": line.ssrc, "rtp": line.rtp, "at": round(at, 6), "rate": line.rate}
