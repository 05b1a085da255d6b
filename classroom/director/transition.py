"""How one scene becomes another: at once (cut) or over some time (fade). A transition is a function of time."""

from __future__ import annotations

from dataclasses import dataclass

from classroom.director.scene import TransitionKind

__all__ = ["Transition"]


@dataclass(frozen=True, slots=True)
class Transition:
    """A change that began at ``began`` (clock seconds) and takes ``duration`` seconds. A cut takes none.

    ``origin`` names the scene that is left; two transitions are never equal, even with the same values.
    """

    kind: TransitionKind
    origin: str
    began: float
    duration: float

    @property
    def ends(self) -> float:
        """When nothing of the old scene is left, in clock seconds."""
        return self.began + self.duration

    def progress(self, now: float) -> float:
        """How much of the new scene is to be seen, from 0 to 1; it never goes back."""
        if self.kind == "cut" or self.duration <= 0:
            return 1.0
        return min(1.0, max(0.0, (now - self.began) / self.duration))
