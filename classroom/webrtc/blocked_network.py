"""Tells a network that lets no picture through from everything else that keeps a student without one.

It is the network when the student answers our offers, which travel by the signaling, and yet no check of ICE gets
through for long. A computer of ours that is too busy to look does not count as such.
"""

from __future__ import annotations

from typing import Final

from classroom.common.alarms import Alarm, Alarms
from classroom.common.sentences import Sentence, Wording
from classroom.webrtc.ice.servers import OwnTurnServer

__all__ = ["BLOCKED_AFTER", "BlockDetector", "BlockedStudentsAlarm"]

BLOCKED_AFTER: Final = 15.0
"""Seconds without success after which the network counts as blocking."""

_LONGEST_INTERVAL: Final = 2.0
"""Seconds that count between two updates at most; a longer interval means that this computer was late."""

_ONE: Final = Wording("ice.blocked_one", "1 student cannot get the picture: the network blocks it. {help}.")
_MANY: Final = Wording("ice.blocked_many", "{count} students cannot get the picture: their networks block it. {help}.")
_START_RELAY: Final = Wording(
    "ice.start_relay",
    "Start the lesson with --relay, open the UDP ports of this computer's firewall, or ask them to use "
    "another network, such as a phone's hotspot",
)
_OPEN_PORT: Final = Wording(
    "ice.open_relay_port",
    "Open port {port} for TCP in this computer's firewall, or ask them to use another network, such as a "
    "phone's hotspot",
)


class BlockDetector:
    """Detects that one student's network blocks the picture, across connections."""

    def __init__(self) -> None:
        self._trying = False
        self._looked = 0.0
        self._tried = 0.0

    @property
    def blocked(self) -> bool:
        """Whether the network blocks the picture."""
        return self._tried >= BLOCKED_AFTER

    def answered(self, now: float) -> None:
        """The student answered an offer: from now on the network is tested."""
        if not self._trying:
            self._trying, self._looked = True, now

    def ice_state(self, state: str) -> None:
        """The ICE state of a connection changed (``iceConnectionState``)."""
        if state == "completed":
            self.reset()

    def reset(self) -> None:
        """A packet came through, or the student hung up."""
        self._trying = False
        self._tried = 0.0

    def update(self, now: float, *, absent: bool) -> None:
        """Count, once a second. ``absent``: the student fetches no messages either, so it is more than a block."""
        if not self._trying:
            return
        passed, self._looked = now - self._looked, now
        if absent:
            self._tried = 0.0
        else:
            self._tried += min(passed, _LONGEST_INTERVAL)


class BlockedStudentsAlarm:
    """The alarm ``ice.blocked``: how many students are behind such networks.

    ``own`` is the relay that runs beside the lesson; None where there is none.
    """

    def __init__(self, alarms: Alarms, *, own: OwnTurnServer | None) -> None:
        self._alarms = alarms
        self._own = own

    def tell(self, count: int) -> None:
        """Set how many students there are now."""
        if not count:
            self._alarms.clear("ice.blocked")
            return
        help_ = self._help()
        self._alarms.put(Alarm("ice.blocked", _ONE(help=help_) if count == 1 else _MANY(count=count, help=help_)))

    def _help(self) -> Sentence:
        return _START_RELAY() if self._own is None else _OPEN_PORT(port=self._own.port)
