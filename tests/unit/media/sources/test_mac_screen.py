"""The permission for screen recording, with a stand-in for the library that only macOS has."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from classroom.media.sources import mac_screen
from classroom.media.sources.mac_screen import may_record


class Function:
    def __init__(self, answer: bool) -> None:
        self.answer, self.calls = answer, 0
        self.restype: Any = None
        self.argtypes: Any = None

    def __call__(self) -> bool:
        assert self.restype is ctypes.c_bool, "without its type the upper bytes of the answer are anything"
        self.calls += 1
        return self.answer


@pytest.fixture(autouse=True)
def not_asked() -> Iterator[None]:
    mac_screen._ask_once.cache_clear()
    yield
    mac_screen._ask_once.cache_clear()


def core(monkeypatch: pytest.MonkeyPatch, *, allowed: bool, granted: bool = False) -> SimpleNamespace:
    library = SimpleNamespace(
        CGPreflightScreenCaptureAccess=Function(allowed), CGRequestScreenCaptureAccess=Function(granted)
    )
    monkeypatch.setattr(ctypes, "CDLL", lambda path: library)
    return library


def test_who_is_allowed_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    library = core(monkeypatch, allowed=True)
    assert may_record()
    assert library.CGRequestScreenCaptureAccess.calls == 0


@pytest.mark.parametrize("granted", [True, False])
def test_the_system_is_asked_once_for_the_permission(monkeypatch: pytest.MonkeyPatch, granted: bool) -> None:
    library = core(monkeypatch, allowed=False, granted=granted)
    assert may_record() is granted
    assert not may_record()
    assert library.CGRequestScreenCaptureAccess.calls == 1


def test_an_old_system_knows_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda path: SimpleNamespace())
    assert may_record()


def test_no_library_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: str) -> None:
        raise OSError(path)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert may_record()
