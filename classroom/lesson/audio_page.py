"""What the teacher page has to know of the sound settings: run as a program, it prints ``web/lib/audio_settings.js``.

``make schema`` writes the file.
"""

from __future__ import annotations

import sys
from typing import Final

from classroom.lesson.audio import BOUNDS, kinds_with

__all__ = ["page_module"]

_HEAD: Final = """\
/**
 * The settings of an audio input that are numbers: their bounds, their unit, and the kinds of input that have them.
 *
 * Made of classroom/lesson/audio.py by `make schema`; a change here is overwritten.
 */

/**
 * @typedef {object} NumberSetting
 * @property {number} lowest
 * @property {number} highest
 * @property {'dB' | 'ms'} unit
 * @property {string[]} kinds
 */

"""


def page_module() -> str:
    """The module as the file holds it."""
    lines = []
    for name, bounds in BOUNDS.items():
        limits = f"lowest: {bounds.low:g}, highest: {bounds.high:g}, unit: '{bounds.unit}'"
        kinds = ", ".join(f"'{kind}'" for kind in kinds_with(name))
        lines.append(f"  {name}: {{ {limits}, kinds: [{kinds}] }},\n")
    names = " | ".join(f"'{name}'" for name in BOUNDS)
    declared = f"/** @type {{Record<{names}, NumberSetting>}} */\nexport const AUDIO_SETTINGS = {{\n"
    return f"{_HEAD}{declared}{''.join(lines)}}};\n"


if __name__ == "__main__":
    sys.stdout.write(page_module())
