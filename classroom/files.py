"""Where the pages and the example lessons are: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

__all__ = ["config_folder", "web_folder"]

_PACKAGE = Path(__file__).resolve().parent


def web_folder() -> Path:
    """The folder of the pages."""
    return _folder("web")


def config_folder() -> Path:
    """The folder of the example lessons."""
    return _folder("config")


def _folder(name: str) -> Path:
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parent / name
