"""Which of the program's renditions a student gets, by the reports on its network.

Pure: reports, the size of the picture on the page and the time in, a decision out. It moves down at the first clear
signs that the network is full, and up by trying, since no report of a browser says how much more would fit: its
estimate (REMB) grows to about 1.5 times of the bit rate that it receives, so a still page of text makes it small. An
estimate is a sign only when it fell, and when more is sent than it says. Loss alone is a sign only when it is heavy: a
wireless network that loses every twentieth packet has room even so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from classroom.media.encoder import LEAST_SHARE

__all__ = ["NetworkState", "TierChoice", "TierDecision"]

_COVERS: Final = 1.1
"""How much larger than a rendition the page may show it before the next larger one is better."""

_SHRUNK_FOR: Final = 5.0
"""Seconds for which the page must show the picture smaller before it gets a smaller rendition."""

_DOWN_AFTER: Final = 0.7
"""Seconds for which the network must be full: one report more than the first."""

_DOWN_AFTER_REQUEST: Final = 1.6
"""The same where a lower bit rate is enough, which needs about a second and the same request from all viewers."""

_DRAINED_AFTER: Final = 2.0
"""Seconds after a step down for which the network may still be full of earlier packets."""

_FIRST_TRY: Final = 8.0
_SECOND_TRY: Final = 20.0
_LONGEST_WAIT: Final = 120.0
"""Seconds of a network that is not full before a step up is tried: at first, after a failed one, at most."""

_PROVEN_AFTER: Final = 30.0
"""Seconds after a step up within which a step down means that the step up was a mistake."""

_TRIED_FOR: Final = 6.0
"""Seconds after a step up in which a full network only means that this step was too much."""

_MEASURES_FOR: Final = 2.5
"""Seconds after a step up in which a browser's estimate is still about the smaller picture before it."""

_FORGIVEN_AFTER: Final = 60.0
"""Seconds after a successful step up after which earlier mistakes are forgotten."""

_SILENCE: Final = 3.0
"""Seconds without a report after which the next one shows an outage, not a full network."""

_OUTAGE_SHOWS_FOR: Final = 2.0
"""Seconds after an outage in which reports still show it."""

_FELL: Final = 0.92
_FALL_COUNTS_FOR: Final = 5.0
_TOO_MUCH: Final = 0.9
"""The estimate as a share of the sent bit rate below which too much is sent."""

_SOME_LOSS: Final = 0.04
_HEAVY_LOSS: Final = 0.15
_SEVERE_LOSS: Final = 0.25
"""Shares of packets lost beyond what this network always loses."""

_USUAL_AFTER: Final = 15.0
"""Seconds in which a loss becomes this network's usual one."""

_RECOVERED: Final = 1.01
"""How much an estimate grows after its fall for the fall to be ignored: it grows only where no queue does."""

_LATE: Final = 0.25
"""Seconds by which the round trip has grown, or of jitter, where packets wait in a queue of the network."""

_REQUEST_HELD: Final = 4.0
_REQUEST_RISE: Final = 0.08
"""The share by which the requested bit rate grows each second, once the network was not full for four seconds."""

_KEY_FRAME_INTERVAL: Final = 4.0
"""Seconds between key frames where only some of them fit."""


@dataclass(frozen=True, slots=True)
class NetworkState:
    """What is known of a student's network; None is unknown.

    ``reported`` is the time of the newest report and ``sent`` the bits a second that this student was recently sent.
    ``estimate`` is the browser's (REMB), in bits a second; ``loss`` is the share (0…1) recently lost, over enough
    packets, and ``newest_loss`` that of the newest ones; ``round_trip`` and ``jitter`` are seconds.
    """

    reported: float
    sent: float
    estimate: float | None = None
    loss: float = 0.0
    round_trip: float | None = None
    jitter: float = 0.0
    newest_loss: float = 0.0


@dataclass(frozen=True, slots=True)
class TierDecision:
    """What a student gets: the number of a rendition, 0 being the largest.

    ``bit_rate`` is the bits a second that it requests, None when there is room for all of them.
    ``key_frame_interval`` is None, or, where even the smallest rendition does not fit beside the sound, the seconds
    between the key frames, which are then all that it gets of the picture.
    """

    rendition: int
    bit_rate: float | None = None
    key_frame_interval: float | None = None


class TierChoice:
    """The choice for one student, among renditions with these heights (pixels) and bits a second, the largest first.

    ``least_share`` is the share of its bits a second down to which an encoder follows requests; 1 never follows.
    """

    def __init__(
        self, renditions: Sequence[tuple[int, float]], *, now: float, least_share: float = LEAST_SHARE
    ) -> None:
        self._heights = tuple(height for height, _ in renditions)
        self._planned = tuple(rate for _, rate in renditions)
        self._least = tuple(least_share * rate for rate in self._planned)
        if not renditions or list(self._heights) != sorted(self._heights, reverse=True):
            raise ValueError("the renditions must be given with the largest first")
        self._largest = 0  # the largest rendition that the page can use
        self._shrunk: float | None = None
        self._shown: int | None = None
        self._decision = TierDecision(0)
        self._started = False
        self._moved = now  # the last step, up or down
        self._stepped_up = self._stepped_down = float("-inf")
        self._clear_since = now
        self._full_since: float | None = None
        self._waits = [_FIRST_TRY] * len(self._heights)  # before a step up to each of them
        self._tried = 0
        self._now = now
        self._reported = now
        self._loss = 0.0
        self._usual_loss = 0.0
        self._outage_until = float("-inf")
        self._shortest: float | None = None
        self._highest: float | None = None  # the highest estimate since it last fell
        self._fell = float("-inf")

    @property
    def decision(self) -> TierDecision:
        """The decision of the last update."""
        return self._decision

    @property
    def small(self) -> bool:
        """Whether the network, and not the page, decides that it is not larger, or not all pictures."""
        return self._decision.rendition > self._largest or self._decision.key_frame_interval is not None

    def shown(self, height: int, now: float) -> TierDecision:
        """The page shows the picture at this height, in pixels of its screen; 0 in a hidden tab."""
        self._shown = max(0, height)
        fitting = [number for number, own in enumerate(self._heights) if own * _COVERS >= height]
        wanted = max(fitting, default=0)
        if not self._started and self._decision == TierDecision(0):
            self._largest, self._decision = wanted, TierDecision(wanted)
        elif wanted <= self._largest:
            grown = self._decision.rendition == self._largest and wanted < self._largest
            self._largest, self._shrunk = wanted, None
            if grown and self._decision.bit_rate is None and self._decision.key_frame_interval is None:
                self._step(wanted, now, up=True)
        elif self._shrunk is None:
            self._shrunk = now
        return self._decision

    def update(self, network: NetworkState, rates: Sequence[float], now: float) -> TierDecision:
        """The decision now; ``rates`` are the fewest bits a second at which each rendition is available.

        For one that others watch, that is its current bit rate. Call it for each report, and at least once a second.
        """
        if len(rates) != len(self._heights):
            raise ValueError("there must be a rate for each rendition")
        passed, self._now = max(0.0, now - self._now), now
        self._started = True
        self._shrink(now)
        fresh = network.reported > self._reported
        if now - network.reported > _SILENCE or (fresh and network.reported - self._reported > _SILENCE):
            self._outage_until = now + _OUTAGE_SHOWS_FOR
        silent = now < self._outage_until
        if fresh:
            self._read(network, network.reported - self._reported, silent=silent)
            self._reported = network.reported
        if silent:
            # How long an outage lasts is unknown: when it ends, everything continues as before.
            self._full_since, self._clear_since = None, now
        elif self._is_full(network, now):
            self._under_pressure(network, rates, now)
        else:
            self._relax(passed, now)
        return self._decision

    def _shrink(self, now: float) -> None:
        if self._shrunk is None or self._shown is None or now - self._shrunk < _SHRUNK_FOR:
            return
        self._shrunk = None
        self._largest = max(number for number, own in enumerate(self._heights) if own * _COVERS >= self._shown)
        if self._decision.rendition < self._largest:
            self._stepped_up = float("-inf")  # it was not a mistake
            self._step(self._largest, now, up=False)

    def _read(self, network: NetworkState, passed: float, *, silent: bool) -> None:
        """Read a new report."""
        if silent:
            self._loss, self._highest, self._fell = self._usual_loss, None, float("-inf")
            return
        self._loss = network.loss
        self._usual_loss += min(1.0, passed / _USUAL_AFTER) * (self._loss - self._usual_loss)
        if network.round_trip is not None:
            # Routes change: the shortest round trip is forgotten slowly.
            known = network.round_trip if self._shortest is None else self._shortest + 0.002 * passed
            self._shortest = min(known, network.round_trip)
        if network.estimate is not None:
            if self._highest is not None and network.estimate < _FELL * self._highest:
                self._fell, self._highest = network.reported, network.estimate
            elif self._highest is not None and network.estimate > _RECOVERED * self._highest:
                self._fell = float("-inf")  # such as after the teacher's computer was busy
            self._highest = max(network.estimate, self._highest or 0.0)

    def _is_full(self, network: NetworkState, now: float) -> bool:
        """Whether more is sent than this network carries."""
        loss = self._loss - self._usual_loss
        if loss > _HEAVY_LOSS:
            return True
        late = network.jitter > _LATE or (
            network.round_trip is not None
            and self._shortest is not None
            and network.round_trip > self._shortest + _LATE
        )
        if network.estimate is None:
            return late and loss > _SOME_LOSS
        signs = now - self._fell < _FALL_COUNTS_FOR or loss > _SOME_LOSS or late
        return signs and network.estimate < _TOO_MUCH * network.sent

    def _under_pressure(self, network: NetworkState, rates: Sequence[float], now: float) -> None:
        self._clear_since = now
        if self._full_since is None:
            self._full_since = now
        arriving = network.sent * (1 - min(1.0, max(self._loss, network.newest_loss)))
        fallen = network.estimate is not None and now - self._fell < _FALL_COUNTS_FOR
        room = min(network.estimate, arriving) if network.estimate is not None and fallen else arriving
        current = self._decision.rendition
        loss = self._loss - self._usual_loss
        lossy = loss > _SEVERE_LOSS
        if now - self._stepped_up < _MEASURES_FOR and not lossy:
            room = max(room, self._least[current])
        abrupt = lossy or (loss > _SOME_LOSS and room < 0.5 * network.sent)
        if room >= self._least[current]:
            if room < min(self._planned[current], self._decision.bit_rate or self._planned[current]):
                self._decision = TierDecision(current, room)
            patience = _DOWN_AFTER_REQUEST
        else:
            patience = 0.0 if abrupt else _DOWN_AFTER
        if now - self._full_since < patience or now - self._stepped_down < _DRAINED_AFTER:
            return
        smaller = range(current + 1, len(self._heights))
        if smaller:
            # After an abrupt change it is unknown what would come through, and something must, beside the sound.
            known = (number for number in smaller if rates[number] <= room and not abrupt)
            fitting = next(known, smaller[-1])
            # When an attempt fails at once, the smaller rendition before it is known to fit.
            self._step(smaller[0] if now - self._stepped_up < _TRIED_FOR else fitting, now, up=False, room=room)
        elif self._decision.key_frame_interval is None:
            self._decision = TierDecision(current, None, _KEY_FRAME_INTERVAL)
            self._moved_down(now)

    def _relax(self, passed: float, now: float) -> None:
        self._full_since = None
        current, bit_rate = self._decision.rendition, self._decision.bit_rate
        if bit_rate is not None and now - self._clear_since > _REQUEST_HELD:
            risen = bit_rate * (1 + _REQUEST_RISE) ** passed
            self._decision = TierDecision(current, None if risen >= self._planned[current] else risen)
        if _FORGIVEN_AFTER < now - self._stepped_up < float("inf"):
            self._waits[self._tried] = _FIRST_TRY
        # After key frames only, the next step is all pictures of the same rendition.
        target = current if self._decision.key_frame_interval is not None else current - 1
        if target < self._largest or (target < current and self._decision.bit_rate is not None):
            return
        if now - max(self._moved, self._clear_since) >= self._waits[target]:
            self._step(target, now, up=True, room=0.0)

    def _step(self, rendition: int, now: float, *, up: bool, room: float = float("inf")) -> None:
        bit_rate = max(room, self._least[rendition])
        self._decision = TierDecision(rendition, bit_rate if bit_rate < self._planned[rendition] else None)
        if up:
            self._moved = self._clear_since = self._stepped_up = now
            self._full_since, self._tried = None, rendition
            self._fell = float("-inf")  # that was about the rendition before
        else:
            self._moved_down(now)

    def _moved_down(self, now: float) -> None:
        if now - self._stepped_up < _PROVEN_AFTER:
            self._waits[self._tried] = min(_LONGEST_WAIT, max(2 * self._waits[self._tried], _SECOND_TRY))
        self._moved = self._clear_since = self._stepped_down = now
        self._stepped_up, self._full_since = float("-inf"), None
