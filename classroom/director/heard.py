"""How much of each source's sound belongs to what is on air: sound goes with its picture, through fades as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["heard"]


def heard(shown: Iterable[str], left: Mapping[str, float], progress: float) -> dict[str, float]:
    """The share of each source, from 0 to 1, when a change to the sources ``shown`` is at ``progress`` (0 to 1).

    ``left`` is what was heard when the change began. A source in both continues unchanged; one in neither is silent.
    """
    arriving = dict.fromkeys(shown, 1.0)
    if progress >= 1:
        return arriving
    before = {name: left.get(name, 0.0) for name in (*left, *arriving)}
    return {name: share + (arriving.get(name, 0.0) - share) * progress for name, share in before.items()}
