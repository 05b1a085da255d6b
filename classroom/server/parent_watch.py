"""Runs a program that must not outlive the lesson: ``python parent_watch.py PARENT USER PROGRAM ARGUMENT…``.

It is a program of its own and uses the standard library alone. Started by root it becomes USER first. On Linux the
kernel ends the program together with its parent. Elsewhere this process stays beside it, and ends it when the parent's
end of standard input closes, which happens however the parent comes to its end.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run the program; the exit code where it comes back."""
    parent, user, program = int(arguments[0]), arguments[1], arguments[2:]
    if user:
        _become(user)
    return _tied(parent, program) if sys.platform == "linux" else _watched(program)


def _become(user: str) -> None:
    import pwd  # not on Windows

    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _tied(parent: int, program: list[str]) -> int:
    """Become the program, which gets SIGTERM when the parent ends. A change of the user would undo that."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:
        return 1  # it ended before we asked
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.execv(program[0], program)


def _watched(program: list[str]) -> int:
    child = subprocess.Popen(program, stdin=subprocess.DEVNULL)

    def wait_for_the_end() -> None:
        while sys.stdin.buffer.read(1024):
            pass
        child.terminate()

    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=wait_for_the_end, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
