"""Notes about what a lesson file says and this version does not do.

The lesson runs without it, so each of these is a note. Keys that are not written do not count, so the defaults cause no
notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from classroom.common.sentences import Wording
from classroom.lesson.document import Problem
from classroom.lesson.sections import ProgramModel

__all__ = ["notes"]


def notes(values: object) -> Iterator[Problem]:
    """What is written but will not happen, while the lesson runs."""
    if not isinstance(values, dict):
        return
    yield from _tiers(values)
    recording = _section(values, "recording")
    if recording.get("start") != "never":
        key = next((key for key in ("start", "folder") if key in recording), None)
        if key is not None:
            yield Problem(
                ("recording", key),
                Wording("note.recording", "recording is not available yet; this lesson is not recorded")(),
            )


def _tiers(values: dict[str, Any]) -> Iterator[Problem]:
    """Tiers that are not smaller than the program. Sizes that cannot be read are faults, found elsewhere."""
    written = re.search(r"[x×X]\s*([0-9]{1,6})\s*$", str(_section(values, "program").get("size", "")))
    height = int(written[1]) if written else ProgramModel().size.height
    tiers = _section(values, "video").get("tiers")
    for number, tier in enumerate(tiers if isinstance(tiers, list) else []):
        own = tier.get("height") if isinstance(tier, dict) else None
        if isinstance(own, int) and own >= height:
            yield Problem(
                ("video", "tiers", number, "height"),
                Wording(
                    "note.tier",
                    "this tier is ignored, because it is not smaller than the program, which is {height} pixels high",
                )(height=height),
            )


def _section(values: dict[str, Any], name: str) -> dict[str, Any]:
    section = values.get(name)
    return section if isinstance(section, dict) else {}
