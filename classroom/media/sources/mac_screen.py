"""Whether macOS lets this program see the windows of the others.

Without that permission, taking a picture of the screen does not fail there: it shows only the desktop's background.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Final

__all__ = ["may_record"]

_LIBRARY: Final = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"


def may_record() -> bool:
    """Whether windows can be seen; True where the system cannot be asked, which is before macOS 10.15.

    Where they cannot, the system is asked once for the permission: it then shows its own dialog and puts the program
    on the list in which a person can allow it.
    """
    try:
        core = _core_graphics()
        allowed = bool(core.CGPreflightScreenCaptureAccess())
    except (OSError, AttributeError):
        return True
    return allowed or _asked(core)


def _core_graphics() -> Any:
    core = ctypes.CDLL(_LIBRARY)
    for name in ("CGPreflightScreenCaptureAccess", "CGRequestScreenCaptureAccess"):
        getattr(core, name).restype = ctypes.c_bool
        getattr(core, name).argtypes = []
    return core


@cache
def _ask_once() -> list[bool]:
    """What the dialog has brought, filled in by the first who asks."""
    return []


def _asked(core: Any) -> bool:
    answers = _ask_once()
    if not answers:
        answers.append(bool(core.CGRequestScreenCaptureAccess()))
        return answers[0]
    return False
