"""Room for connections: each is an open file, and a process may have few of them at first."""

from __future__ import annotations

import logging
import sys
from typing import Final

from classroom.webrtc.ice.interfaces import interfaces

__all__ = ["connections_that_fit"]

logger = logging.getLogger(__name__)

_OTHERS: Final = 256
"""Open files that are not connections to the port: devices, logs, and what libraries open."""

_DUPLICATE: Final = 1
"""For picture and sound a student has a socket on each address that is listened on, and a duplicate of one."""


def connections_that_fit(wanted: int, students: int = 0) -> int:
    """Raise this process's limit of open files as far as it may; return how many connections then fit, at most wanted.

    ``students`` are those who get picture and sound besides.

    Over that limit the system refuses to accept at all, for everybody; a connection limit below it turns away politely.
    """
    if sys.platform == "win32":  # no such limit; sockets are not files there
        return wanted
    import resource

    each = _DUPLICATE + len(interfaces().addresses) if students else 0
    others = _OTHERS + students * each
    needed = wanted + others
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        more = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
            soft = more
        except (OSError, ValueError) as error:  # macOS has a lower limit than it reports
            logger.debug("the limit of open files stays at %d: %s", soft, error)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    # Rarely do all students come: where files are few, there is room for connections of the students that fit.
    fitting = max(16, soft - others, (soft - _OTHERS) // (1 + each) if each else 0)
    if fitting < wanted:
        logger.warning(
            "this system lets the lesson have %d open files, which is enough for %d connections; raise it with "
            "'ulimit -n', or lower limits.connections",
            soft,
            fitting,
        )
    return min(wanted, fitting)
