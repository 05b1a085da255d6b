"""The priority of a thread among all that the system runs: what may be late makes room for what must not be."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Final

__all__ = ["lower_priority"]

_NICER: Final = 5
"""By how much the thread's nice value grows: its share of a busy core falls to a third of its neighbour's."""

_NICEST: Final = 19


def lower_priority() -> None:
    """Let the calling thread wait for others on a busy computer. Where the system cannot do that, nothing happens.

    Linux has a nice value for each thread, and anybody may raise it (sched(7)). Windows has levels. macOS moves what
    asks for less to its slow cores, where pictures would be late on an idle computer as well, so it is not asked.
    """
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "linux":
            thread = threading.get_native_id()
            nice = min(_NICEST, os.getpriority(os.PRIO_PROCESS, 0) + _NICER)
            os.setpriority(os.PRIO_PROCESS, thread, nice)
        elif sys.platform == "win32":
            _below_normal()


def _below_normal() -> None:
    """SetThreadPriority of the calling thread to THREAD_PRIORITY_BELOW_NORMAL."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.WinDLL("kernel32")
        kernel.GetCurrentThread.restype = ctypes.c_void_p
        kernel.SetThreadPriority.argtypes = (ctypes.c_void_p, ctypes.c_int)
        kernel.SetThreadPriority(kernel.GetCurrentThread(), -1)
