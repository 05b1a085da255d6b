"""Where things are kept for a user, on each system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from classroom.files import home_folder


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("CLASSROOM_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        ("linux", ".local/share/classroom"),
        ("darwin", "Library/Application Support/classroom"),
        ("win32", "AppData/Local/classroom"),
    ],
)
def test_each_system_has_its_place(home: Path, system: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert home_folder() == home / folder


def test_a_place_that_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert home_folder() == home / ".local/share/classroom"
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    assert home_folder() == home / "data" / "classroom"
    monkeypatch.setenv("CLASSROOM_HOME", str(home / "mine"))
    assert home_folder() == home / "mine"


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    assert home_folder() is None
