"""Where things are kept for a user, on each system, and how files are opened that somebody names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from classroom.common.paths import NotAFile, home_folder, open_file, read_file
from tests.support.odd_files import ODD_FILES, odd_file


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


def test_a_file_is_read_and_none_that_is_larger_than_allowed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with open_file(path) as file:
        assert file.read(2) == b"12"
    with pytest.raises(OSError, match="too large"):
        read_file(path, 4)
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        open_file(tmp_path)


@pytest.mark.parametrize("kind", ODD_FILES)
@pytest.mark.timeout(30)
def test_nobody_waits_for_what_is_no_file(kind: str, tmp_path: Path) -> None:
    path = odd_file(kind, tmp_path / "odd")
    with pytest.raises(NotAFile, match="a pipe or a device"):
        open_file(path)
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(NotAFile):
        read_file(link, 100)
