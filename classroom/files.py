"""Where the pages and the example lessons are, in the wheel or in a checkout, and where things are kept for a user."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["config_folder", "home_folder", "web_folder"]

_PACKAGE = Path(__file__).resolve().parent


def web_folder() -> Path:
    """The folder of the pages."""
    return _folder("web")


def config_folder() -> Path:
    """The folder of the example lessons."""
    return _folder("config")


def home_folder() -> Path | None:
    """Where classroom keeps what is to be there at the next start, whether it is there yet or not.

    The variable ``CLASSROOM_HOME``, or else where this system keeps the data of a user's programs; None for a user
    without a home.
    """
    if chosen := os.environ.get("CLASSROOM_HOME"):
        return Path(chosen).absolute()
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "classroom"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "classroom"
    # An empty or relative XDG_DATA_HOME counts as none, says its specification.
    data = Path(os.environ.get("XDG_DATA_HOME") or ".")
    return (data if data.is_absolute() else home / ".local" / "share") / "classroom"


def _folder(name: str) -> Path:
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parent / name
