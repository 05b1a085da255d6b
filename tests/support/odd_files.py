"""What a path can lead to that is no file: a pipe without a writer, devices without an end, a socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

__all__ = ["ODD_FILES", "odd_file"]

ODD_FILES = ("pipe", "zero", "tty", "socket")


def odd_file(kind: str, path: Path) -> Path:
    """Put something of a kind at a path that is free, and return the path."""
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "zero":
            path.symlink_to("/dev/zero")
        case "tty":
            path.symlink_to("/dev/tty")
        case "socket":
            here = os.getcwd()
            with socket.socket(socket.AF_UNIX) as listening:
                os.chdir(path.parent)  # a socket's name may be no longer than 107 characters
                try:
                    listening.bind(path.name)
                finally:
                    os.chdir(here)
    return path
