"""A mix beside the program, for somebody who must not hear all of it: the program less some of its inputs.

A voice that comes back to its owner a moment later makes people stammer, so it has to be absent and not only quiet.
What is left out is taken from the sum before the limiter, and each mix has a limiter of its own: in the program's
limiter one input lowers the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from classroom.media.channel import SoundInput
from classroom.media.frames import Samples
from classroom.media.limiter import Limiter

__all__ = ["HeardInput", "SideMix"]


@dataclass(frozen=True, slots=True, eq=False)
class HeardInput:
    """What of one input is in a block of the program."""

    setting: SoundInput
    samples: Samples


class SideMix:
    """The program less the inputs that ``leaves_out``; ``deliver`` is given its blocks, as the program's are.

    Belongs to the mixer's thread.
    """

    def __init__(
        self, *, leaves_out: Callable[[SoundInput], bool], deliver: Callable[[Samples, int, float], None]
    ) -> None:
        self._leaves_out = leaves_out
        self.deliver = deliver
        self._limiter: Limiter | None = None

    def start_over(self) -> None:
        """Say that the next block does not follow the one before."""
        self._limiter = None

    def push(self, total: Samples, heard: Sequence[HeardInput]) -> Samples:
        """The block that leaves now, LOOK_AHEAD later than it came: all that is ``heard`` sums up to ``total``."""
        if self._limiter is None:
            self._limiter = Limiter()
        left_out = [each.samples for each in heard if self._leaves_out(each.setting)]
        mixed = total - sum(left_out) if left_out else total
        return self._limiter.push(mixed)
