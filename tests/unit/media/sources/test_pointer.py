"""The pointer in pictures of Windows and macOS, whose libraries are stood in for, and the arrow that is drawn."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from classroom.media.sources import pointer

GREEN = (0, 200, 0, 255)


def desktop(height: int = 1080, width: int = 1920) -> Any:
    """A green desktop as mss gives it."""
    return np.full((height, width, 4), GREEN, np.uint8)


@pytest.mark.parametrize(("height", "larger"), [(1080, 1), (2160, 2)])
def test_the_arrow_points_at_the_place_in_black_with_a_white_border(height: int, larger: int) -> None:
    pixels = pointer.draw_pointer(desktop(height), 300, 200)
    assert (pixels[200 + 9 * larger, 300 + 3 * larger, :3] == 0).all()
    changed = (pixels != GREEN).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), columns.min()) == (200, 300)
    assert rows.max() - 200 <= 21 * larger
    assert columns.max() - 300 <= 13 * larger
    assert (pixels[changed][:, :3].min(axis=1) > 230).any(), "seen on dark ground too"
    assert (pixels[..., 3] == 255).all()


@pytest.mark.parametrize("place", [(1915, 1070), (1919, 1079), (0, 0)])
def test_at_the_edge_a_part_of_it_is_seen(place: tuple[int, int]) -> None:
    assert (pointer.draw_pointer(desktop(), *place) != GREEN).any()


@pytest.mark.parametrize("place", [(-1, 50), (50, -1), (1920, 50), (50, 1080), (5000, 5000)])
def test_on_another_monitor_it_is_not_seen(place: tuple[int, int]) -> None:
    assert (pointer.draw_pointer(desktop(), *place) == GREEN).all()


def test_a_picture_that_cannot_be_changed_stays_as_it_is() -> None:
    pixels = desktop()
    pixels.flags.writeable = False
    assert (pointer.draw_pointer(pixels, 50, 50) != GREEN).any()
    assert (pixels == GREEN).all()


def test_windows_tells_where_it_is_and_whether_it_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"flags": 1, "works": 1}

    def get_cursor_info(reference: Any) -> int:
        info = reference._obj
        assert info.size == ctypes.sizeof(info)
        info.flags, info.place.x, info.place.y = answer["flags"], -1200, 34
        return answer["works"]

    monkeypatch.setattr(ctypes, "WinDLL", lambda _: SimpleNamespace(GetCursorInfo=get_cursor_info), raising=False)
    monkeypatch.setattr("platform.system", lambda: "Windows")
    locate = pointer.pointer_locator()
    assert locate is not None
    assert locate() == (-1200, 34)
    answer["flags"] = 0
    assert locate() is None, "hidden, as while a film plays"
    answer.update(flags=1, works=0)
    assert locate() is None, "another desktop, as while Windows asks for a password"


class Function:
    """A function of a library, whose types can be set."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *given: Any) -> Any:
        self.calls.append(given)
        return self.answer


def test_macos_tells_where_it_is_and_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    library = SimpleNamespace(
        CGEventCreate=Function(77),
        CGEventGetLocation=Function(SimpleNamespace(x=12.5, y=-3.0)),
        CFRelease=Function(None),
    )
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    locate = pointer.pointer_locator()
    assert locate is not None
    assert locate() == (12.5, -3.0)
    assert library.CGEventGetLocation.calls == library.CFRelease.calls == [(77,)]
    library.CGEventCreate.answer = None
    assert locate() is None


@pytest.mark.parametrize("system", ["Windows", "Darwin", "Linux"])
def test_a_system_that_cannot_be_asked_has_pictures_without_it(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    assert pointer.pointer_locator() is None
