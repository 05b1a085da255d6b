"""Which of the program's renditions a student gets, by what its reports tell of its network.

Pure: reports, the size of the picture on the page and the time in, a choice out. It goes down at the first clear signs
that the network is full, and up by trying, since nothing that a browser reports says how much more would fit: its
estimate (REMB) grows to about 1.5 times of what it receives, so a page of text that stands still makes it small. An
estimate counts as a sign only when it fell, and when more is sent than it says. Loss alone counts only when it is
heavy: a wireless network that loses every twentieth packet has room all the same.
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
"""Seconds for which the page must show the picture smaller before a smaller rendition is taken for it."""

_DOWN_AFTER: Final = 0.7
"""Seconds for which the network must be full; one report more than the first."""

_DOWN_AFTER_WISH: Final = 1.6
"""The same where a lower bit rate would do, which needs about a second and the consent of all who watch."""

_DRAINED_AFTER: Final = 2.0
"""Seconds after a step down for which the network may still be full of what was sent before."""

_FIRST_TRY: Final = 8.0
_SECOND_TRY: Final = 20.0
_LONGEST_WAIT: Final = 120.0
"""Seconds of a network that is not full before a step up is tried: at first, after one that failed, at most."""

_PROVEN_AFTER: Final = 30.0
"""Seconds after a step up within which a step down means that the step up was a mistake."""

_TRIED_FOR: Final = 6.0
"""Seconds after a step up in which a full network means no more than that this step was too much."""

_MEASURES_FOR: Final = 2.5
"""Seconds after a step up in which a browser's estimate is still about the smaller picture before it."""

_FORGIVEN_AFTER: Final = 60.0
"""Seconds after a step up after which earlier mistakes are forgotten, when it was none."""

_SILENCE: Final = 3.0
"""Seconds without a report after which the next one tells of an outage and not of a network that is full."""

_DEAF_FOR: Final = 2.0
"""Seconds after a silence in which reports still tell of it."""

_FELL: Final = 0.92
_FALL_COUNTS_FOR: Final = 5.0
_TOO_MUCH: Final = 0.9
"""The estimate as a share of what is sent below which too much is sent."""

_SOME_LOSS: Final = 0.04
_HEAVY_LOSS: Final = 0.15
_SEVERE_LOSS: Final = 0.25
"""Shares of packets lost beyond what this network always loses."""

_USUAL_AFTER: Final = 15.0
"""Seconds in which a loss becomes this network's usual one."""

_MENDED: Final = 1.01
"""How much an estimate grows after its fall for the fall to mean nothing: it grows only where no queue does."""

_LATE: Final = 0.25
"""Seconds by which the round trip has grown, or of jitter, where packets wait in a queue of the network."""

_WISH_HELD: Final = 4.0
_WISH_RISE: Final = 0.08
"""The share by which a wish grows in a second after the network was not full for four."""

_KEY_FRAMES_EVERY: Final = 4.0
"""Seconds between key frames where nothing but some of them fits."""


@dataclass(frozen=True, slots=True)
class NetworkState:
    """What is known of a student's network; None is unknown.

    ``heard`` is the time of the newest report and ``sent`` what was sent to this student lately, in bits a second.
    ``estimate`` is the browser's (REMB), in bits a second; ``loss`` the share (0…1) lost lately, of packets enough to
    tell, and ``newest_loss`` that of the newest ones; ``round_trip`` and ``jitter`` are seconds.
    """

    heard: float
    sent: float
    estimate: float | None = None
    loss: float = 0.0
    round_trip: float | None = None
    jitter: float = 0.0
    newest_loss: float = 0.0


@dataclass(frozen=True, slots=True)
class TierDecision:
    """What a student gets: the number of a rendition, 0 being the largest.

    ``wish`` is the bits a second with which it would be content, None when there is room for all of them.
    ``key_frames_every`` is None, or, where even the smallest rendition does not fit beside the sound, the seconds
    between the key frames that are all it gets of the picture.
    """

    rendition: int
    wish: float | None = None
    key_frames_every: float | None = None


class TierChoice:
    """The choice for one student, among renditions with these heights (pixels) and bits a second, the largest first.

    ``least_share`` is the share of its bits a second down to which an encoder follows wishes; 1 is one that does not.
    """

    def __init__(
        self, renditions: Sequence[tuple[int, float]], *, now: float, least_share: float = LEAST_SHARE
    ) -> None:
        self._heights = tuple(height for height, _ in renditions)
        self._planned = tuple(rate for _, rate in renditions)
        self._least = tuple(least_share * rate for rate in self._planned)
        if not renditions or list(self._heights) != sorted(self._heights, reverse=True):
            raise ValueError("the renditions must be given with the largest first")
        self._largest = 0  # the largest rendition that the page has a use for
        self._shrunk: float | None = None
        self._shown: int | None = None
        self._choice = TierDecision(0)
        self._started = False
        self._moved = now  # the last step, up or down
        self._stepped_up = self._stepped_down = float("-inf")
        self._clear_since = now
        self._full_since: float | None = None
        self._waits = [_FIRST_TRY] * len(self._heights)  # before a step up to each of them
        self._tried = 0
        self._now = now
        self._heard = now
        self._loss = 0.0
        self._usual_loss = 0.0
        self._deaf_until = float("-inf")
        self._nearest: float | None = None
        self._highest: float | None = None  # the highest estimate since it last fell
        self._fell = float("-inf")

    @property
    def choice(self) -> TierDecision:
        """The choice at the last update."""
        return self._choice

    def shown(self, height: int, now: float) -> TierDecision:
        """The page shows the picture this high, in pixels of its screen; 0 is not at all, as in a hidden tab."""
        self._shown = max(0, height)
        fitting = [number for number, own in enumerate(self._heights) if own * _COVERS >= height]
        wanted = max(fitting, default=0)
        if not self._started and self._choice == TierDecision(0):
            self._largest, self._choice = wanted, TierDecision(wanted)
        elif wanted <= self._largest:
            grown = self._choice.rendition == self._largest and wanted < self._largest
            self._largest, self._shrunk = wanted, None
            if grown and self._choice.wish is None and self._choice.key_frames_every is None:
                self._step(wanted, now, up=True)
        elif self._shrunk is None:
            self._shrunk = now
        return self._choice

    def update(self, link: NetworkState, rates: Sequence[float], now: float) -> TierDecision:
        """The choice now; ``rates`` are the fewest bits a second at which each rendition could be had.

        Of one that others watch that is what it is encoded with. To be asked when a report came, and at least once a
        second.
        """
        if len(rates) != len(self._heights):
            raise ValueError("there must be a rate for each rendition")
        passed, self._now = max(0.0, now - self._now), now
        self._started = True
        self._shrink(now)
        fresh = link.heard > self._heard
        if now - link.heard > _SILENCE or (fresh and link.heard - self._heard > _SILENCE):
            self._deaf_until = now + _DEAF_FOR
        silent = now < self._deaf_until
        if fresh:
            self._listen(link, link.heard - self._heard, silent=silent)
            self._heard = link.heard
        if silent:
            # Nothing is known of an outage's length beforehand: when it ends, all goes on as it was.
            self._full_since, self._clear_since = None, now
        elif self._is_full(link, now):
            self._under_pressure(link, rates, now)
        else:
            self._relax(passed, now)
        return self._choice

    def _shrink(self, now: float) -> None:
        if self._shrunk is None or self._shown is None or now - self._shrunk < _SHRUNK_FOR:
            return
        self._shrunk = None
        self._largest = max(number for number, own in enumerate(self._heights) if own * _COVERS >= self._shown)
        if self._choice.rendition < self._largest:
            self._stepped_up = float("-inf")  # whatever that was, it was no mistake
            self._step(self._largest, now, up=False)

    def _listen(self, link: NetworkState, passed: float, *, silent: bool) -> None:
        """Take what a new report says into what is known of this network."""
        if silent:
            self._loss, self._highest, self._fell = self._usual_loss, None, float("-inf")
            return
        self._loss = link.loss
        self._usual_loss += min(1.0, passed / _USUAL_AFTER) * (self._loss - self._usual_loss)
        if link.round_trip is not None:
            # Roads change: the shortest one is forgotten slowly.
            known = link.round_trip if self._nearest is None else self._nearest + 0.002 * passed
            self._nearest = min(known, link.round_trip)
        if link.estimate is not None:
            if self._highest is not None and link.estimate < _FELL * self._highest:
                self._fell, self._highest = link.heard, link.estimate
            elif self._highest is not None and link.estimate > _MENDED * self._highest:
                self._fell = float("-inf")  # as after a moment in which the teacher's computer was busy
            self._highest = max(link.estimate, self._highest or 0.0)

    def _is_full(self, link: NetworkState, now: float) -> bool:
        """Whether more is sent than this network carries."""
        loss = self._loss - self._usual_loss
        if loss > _HEAVY_LOSS:
            return True
        late = link.jitter > _LATE or (
            link.round_trip is not None and self._nearest is not None and link.round_trip > self._nearest + _LATE
        )
        if link.estimate is None:
            return late and loss > _SOME_LOSS
        signs = now - self._fell < _FALL_COUNTS_FOR or loss > _SOME_LOSS or late
        return signs and link.estimate < _TOO_MUCH * link.sent

    def _under_pressure(self, link: NetworkState, rates: Sequence[float], now: float) -> None:
        self._clear_since = now
        if self._full_since is None:
            self._full_since = now
        arriving = link.sent * (1 - min(1.0, max(self._loss, link.newest_loss)))
        fallen = link.estimate is not None and now - self._fell < _FALL_COUNTS_FOR
        room = min(link.estimate, arriving) if link.estimate is not None and fallen else arriving
        current = self._choice.rendition
        loss = self._loss - self._usual_loss
        lossy = loss > _SEVERE_LOSS
        if now - self._stepped_up < _MEASURES_FOR and not lossy:
            room = max(room, self._least[current])
        abrupt = lossy or (loss > _SOME_LOSS and room < 0.5 * link.sent)
        if room >= self._least[current]:
            if room < min(self._planned[current], self._choice.wish or self._planned[current]):
                self._choice = TierDecision(current, room)
            patience = _DOWN_AFTER_WISH
        else:
            patience = 0.0 if abrupt else _DOWN_AFTER
        if now - self._full_since < patience or now - self._stepped_down < _DRAINED_AFTER:
            return
        smaller = range(current + 1, len(self._heights))
        if smaller:
            # At an abrupt change nobody knows yet what would come through, and something has to, beside the sound.
            known = (number for number in smaller if rates[number] <= room and not abrupt)
            fitting = next(known, smaller[-1])
            # Of an attempt that failed at once it is known that the smaller one before it did fit.
            self._step(smaller[0] if now - self._stepped_up < _TRIED_FOR else fitting, now, up=False, room=room)
        elif self._choice.key_frames_every is None:
            self._choice = TierDecision(current, None, _KEY_FRAMES_EVERY)
            self._moved_down(now)

    def _relax(self, passed: float, now: float) -> None:
        self._full_since = None
        current, wish = self._choice.rendition, self._choice.wish
        if wish is not None and now - self._clear_since > _WISH_HELD:
            risen = wish * (1 + _WISH_RISE) ** passed
            self._choice = TierDecision(current, None if risen >= self._planned[current] else risen)
        if _FORGIVEN_AFTER < now - self._stepped_up < float("inf"):
            self._waits[self._tried] = _FIRST_TRY
        # From key frames only, the next step is to all pictures of the same rendition.
        target = current if self._choice.key_frames_every is not None else current - 1
        if target < self._largest or (target < current and self._choice.wish is not None):
            return
        if now - max(self._moved, self._clear_since) >= self._waits[target]:
            self._step(target, now, up=True, room=0.0)

    def _step(self, rendition: int, now: float, *, up: bool, room: float = float("inf")) -> None:
        wish = max(room, self._least[rendition])
        self._choice = TierDecision(rendition, wish if wish < self._planned[rendition] else None)
        if up:
            self._moved = self._clear_since = self._stepped_up = now
            self._full_since, self._tried = None, rendition
            self._fell = float("-inf")  # that was about what was sent before
        else:
            self._moved_down(now)

    def _moved_down(self, now: float) -> None:
        if now - self._stepped_up < _PROVEN_AFTER:
            self._waits[self._tried] = min(_LONGEST_WAIT, max(2 * self._waits[self._tried], _SECOND_TRY))
        self._moved = self._clear_since = self._stepped_down = now
        self._stepped_up, self._full_since = float("-inf"), None
