"""The file that was meant where there is none of a name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from classroom.lesson.words import did_you_mean, meant_hint

__all__ = ["similar_file"]

_MOST: Final = 1000
"""Most files of a folder that are looked at."""


def similar_file(file: Path, patterns: Sequence[str] = ("*",)) -> str:
    """The end of a fault that names the file that was probably meant, or nothing.

    It is one of a similar name in the same folder, or the same path with slashes instead of backslashes.
    """
    slashed = Path(str(file).replace("\\", "/"))
    try:
        if slashed != file and slashed.is_file():
            return meant_hint(file.name.replace("\\", "/"))
        found = (each.name for pattern in patterns for each in file.parent.glob(pattern) if each.is_file())
        return did_you_mean(file.name, list(islice(found, _MOST)))
    except (OSError, ValueError):
        return ""
