"""Rate limits for the messages of a member and the sign-ins of an address: token buckets.

A client that is faster than the bucket refills is answered later, and one that is faster still is refused. Both are
bounded: no answer is delayed for more than two seconds, and no member holds more memory than its queue may.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from classroom.common.throttle import limit_key

__all__ = ["LONGEST_DELAY", "MessageRates", "SignInRates", "TokenBucket"]

LONGEST_DELAY: Final = 2.0
"""Seconds that an answer is held back before it is a refusal instead."""

_ADDRESSES: Final = 1024
"""Addresses that are remembered; the one that signed in longest ago is forgotten first."""


@dataclass(slots=True)
class TokenBucket:
    """Tokens that refill; pure, the time is an argument.

    ``rate`` tokens come each second, and ``burst`` of them may be there at most.
    """

    rate: float
    burst: float
    _tokens: float = field(init=False)
    _since: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def take(self, now: float, longest: float) -> float | None:
        """Take a token; return the seconds until it is there. None, and none is taken, where that is too long."""
        if self._since is not None:
            self._tokens = min(self.burst, self._tokens + (now - self._since) * self.rate)
        self._since = now
        delay = max(0.0, (1.0 - self._tokens) / self.rate)
        if delay > longest:
            return None
        self._tokens -= 1.0
        return delay


@dataclass(slots=True)
class _MemberRate:
    bucket: TokenBucket
    arriving: int = 0


class MessageRates:
    """The message rate of each member.

    Args:
        rate: messages a second; twice as many may come at once.
        arriving: bytes of unfinished messages that one member may have on their way.
        known: whether a member still exists; others are forgotten.
    """

    def __init__(self, *, rate: float, arriving: int, known: Callable[[int], bool]) -> None:
        self._rate = rate
        self._arriving = arriving
        self._known = known
        self._paces: dict[int, _MemberRate] = {}
        self._tidy_at = 64

    def __len__(self) -> int:
        return len(self._paces)

    def take(self, member_id: int, now: float) -> float | None:
        """How long a member's message has to wait before it is taken, in seconds; None when it is refused."""
        if member_id not in self._paces and len(self._paces) >= self._tidy_at:
            self._paces = {each: pace for each, pace in self._paces.items() if self._known(each)}
            self._tidy_at = max(64, 2 * len(self._paces))
        return self._of(member_id).bucket.take(now, LONGEST_DELAY)

    def arrive(self, member_id: int, size: int) -> bool:
        """Count bytes of a message that is on its way; False where the member has too many. Negative ones are done."""
        pace = self._of(member_id)
        pace.arriving += size
        return pace.arriving <= self._arriving

    def _of(self, member_id: int) -> _MemberRate:
        pace = self._paces.get(member_id)
        if pace is None:
            # Twice the rate: a browser sends its candidates all at once, and then nothing for long.
            pace = self._paces[member_id] = _MemberRate(TokenBucket(self._rate, 2 * self._rate))
        return pace


class SignInRates:
    """The rate of sign-ins from each address; an IPv6 network of 64 bits counts as one.

    Args:
        rate: sign-ins a second. places: returns how many may be signed in at a time; that many may come at once, such
        as a school behind one address.
    """

    def __init__(self, *, rate: float, places: Callable[[], int]) -> None:
        self._rate = rate
        self._places = places
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str, now: float) -> float | None:
        """How long somebody at this address has to wait before signing in, in seconds; None when it is refused."""
        who, burst = limit_key(address), float(self._places())
        bucket = self._buckets.pop(who, None) or TokenBucket(self._rate, burst)
        bucket.burst = burst
        self._buckets[who] = bucket
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket.take(now, LONGEST_DELAY)
