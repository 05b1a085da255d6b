from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import mss
import numpy as np
import numpy.typing as npt
import pytest
from mss.exception import ScreenShotError

from classroom.clock import ManualClock, SystemClock
from classroom.errors import DeviceError
from classroom.media.sources import screen as screen_module
from classroom.media.sources.screen import Area, Monitor, Screen, find_monitors
from classroom.media.supervisor import SourceRunner
from tests.support.display import VirtualDisplay
from tests.support.waiting import wait_for

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture(autouse=True)
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualDisplay]:
    with VirtualDisplay(640, 360) as started:
        monkeypatch.setenv("DISPLAY", started.name)
        yield started


@contextmanager
def opened(**options: Any) -> Iterator[Screen]:
    screen = Screen(name="screen", clock=SystemClock(), **({"fps": 60} | options))
    with closing(screen):
        screen.open()
        yield screen


def shot(screen: Screen) -> npt.NDArray[np.uint8]:
    """What the screen shows after the next read, as rgb of shape (height, width, 3)."""
    taken = screen.taken
    while screen.taken == taken:
        screen.read()
    assert screen.picture is not None
    newest = screen.picture.newest()
    assert newest is not None
    assert newest.frame.format.name == "bgra"
    return np.asarray(newest.frame.to_ndarray(format="rgb24"), np.uint8)


def serial(screen: Screen) -> int:
    assert screen.picture is not None
    newest = screen.picture.newest()
    assert newest is not None
    return newest.serial


def test_a_real_window_is_seen_and_its_change_of_colour_too(display: VirtualDisplay) -> None:
    with display.window() as window, opened(cursor=False) as screen:
        window.fill(*RED)
        assert (shot(screen) == RED).all()
        window.fill(*GREEN)
        assert (shot(screen) == GREEN).all()


def test_an_unchanged_screen_keeps_its_serial_and_is_still_counted(display: VirtualDisplay) -> None:
    with display.window() as window, opened(cursor=False) as screen:
        window.fill(*RED)
        shot(screen)
        first = serial(screen)
        for _ in range(5):
            shot(screen)
        assert serial(screen) == first
        assert screen.taken == 6
        window.fill(*GREEN)
        shot(screen)
        assert serial(screen) == first + 1


def test_a_still_screen_that_was_given_up_for_a_moment_is_shown_again(display: VirtualDisplay) -> None:
    """On a busy computer the supervisor empties the slot of a screen that comes late, and nothing on it has changed."""
    with display.window() as window, opened(cursor=False) as screen:
        window.fill(*RED)
        shot(screen)
        screen.forget()
        assert (shot(screen) == RED).all()


def test_an_earlier_picture_stays_as_it_was(display: VirtualDisplay) -> None:
    with display.window() as window, opened(cursor=False) as screen:
        window.fill(*RED)
        shot(screen)
        assert screen.picture is not None
        early = screen.picture.newest()
        assert early is not None
        window.fill(*GREEN)
        shot(screen)
        assert (early.frame.to_ndarray(format="rgb24") == RED).all()


def test_a_region_shows_that_part_only(display: VirtualDisplay) -> None:
    with display.window(100, 50, 200, 100) as window, opened(area=Area(90, 40, 220, 120), cursor=False) as screen:
        window.fill(*GREEN)
        picture = shot(screen)
        assert picture.shape == (120, 220, 3)
        assert (picture[10:110, 10:210] == GREEN).all()
        assert (picture[:10] == 0).all()


def test_a_region_counts_from_the_main_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monitors = [Monitor(1, "main", Area(1920, 0, 1280, 720)), Monitor(2, "left", Area(0, 0, 1920, 1080))]
    screen = Screen(name="screen", clock=ManualClock(), area=Area(-100, 10, 200, 100))
    assert screen._choose(monitors) == {"left": 1820, "top": 10, "width": 200, "height": 100}


def test_the_pointer_is_drawn_when_asked_for(display: VirtualDisplay) -> None:
    with display.window() as window:
        window.fill(*GREEN)
        display.move_pointer(320, 180)
        with opened(cursor=True) as screen:
            assert (shot(screen)[170:200, 310:340] != GREEN).any()
        with opened(cursor=False) as screen:
            assert (shot(screen) == GREEN).all()


def test_without_help_for_the_pointer_the_screen_is_taken_without_it(
    display: VirtualDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = mss.MSS

    def refusing(**options: Any) -> Any:
        connection = real(**options)
        if options.get("with_cursor"):
            monkeypatch.setattr(connection, "grab", fail)
        return connection

    def fail(area: object) -> None:
        raise ScreenShotError("Server does not have XFixes, or the version is too old.")

    monkeypatch.setattr(mss, "MSS", refusing)
    with display.window() as window, opened(cursor=True) as screen:
        window.fill(*RED)
        assert (shot(screen) == RED).all()


def test_a_changed_size_is_followed_without_being_lost(
    display: VirtualDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_module, "_CHECK_SECONDS", 0.0)
    with opened(cursor=False) as screen:
        assert shot(screen).shape == (360, 640, 3)
        display.resize(320, 200)
        assert shot(screen).shape == (200, 320, 3)


def test_monitors_are_listed(display: VirtualDisplay) -> None:
    monitors = find_monitors()
    assert [(monitor.number, monitor.area) for monitor in monitors] == [(1, Area(0, 0, 640, 360))]


def test_the_main_monitor_is_number_one() -> None:
    class Connection:
        monitors = (
            {"left": 0, "top": 0, "width": 3200, "height": 1080},
            {"left": 0, "top": 0, "width": 1920, "height": 1080, "is_primary": False, "output": "HDMI-1"},
            {"left": 1920, "top": 0, "width": 1280, "height": 720, "is_primary": True, "name": "Laptop"},
        )

    found = screen_module._monitors(Connection())  # type: ignore[arg-type]
    assert [(monitor.number, monitor.label, monitor.area.x) for monitor in found] == [
        (1, "Laptop", 1920),
        (2, "HDMI-1", 0),
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"number": 3}, "There is no monitor 3, only 1"),
        ({"area": Area(500, 0, 200, 100)}, "200x100 at 500,0 is not all on the screen, which is 640x360"),
        ({"area": Area(-10, 0, 200, 100)}, "not all on the screen"),
    ],
)
@pytest.mark.usefixtures("display")
def test_what_is_not_there_is_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DeviceError, match=sentence), opened(**options):
        pass


@pytest.mark.parametrize(
    "session", [{"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}]
)
def test_wayland_points_to_the_browser_source(monkeypatch: pytest.MonkeyPatch, session: dict[str, str]) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    for variable, value in session.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(DeviceError, match=r"Wayland.*'browser' source"), opened():
        pass


def test_no_display_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceError, match="no display here"), opened():
        pass
    monkeypatch.setenv("DISPLAY", ":63999")
    with pytest.raises(DeviceError, match="display :63999 cannot be reached"), opened():
        pass


def test_a_desktop_that_ends_is_lost_and_its_return_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with VirtualDisplay(320, 200) as display:
        monkeypatch.setenv("DISPLAY", display.name)
        screen = Screen(name="screen", clock=SystemClock(), fps=30)
        runner = SourceRunner(screen, SystemClock(), lambda: None, back_off=(0.02,))
        runner.start()
        try:
            wait_for(lambda: runner.status.state == "live")
            assert runner.status.size == (320, 200)
            display.kill()
            wait_for(lambda: runner.status.state == "lost")
            assert runner.status.why
            assert screen.picture is not None
            assert screen.picture.newest() is None
            with VirtualDisplay(640, 360) as again:
                monkeypatch.setenv("DISPLAY", again.name)
                wait_for(lambda: runner.status.state == "live")
                assert runner.status.size == (640, 360)
        finally:
            runner.stop()
