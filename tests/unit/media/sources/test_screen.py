from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import mss
import numpy as np
import numpy.typing as npt
import pytest
from mss.exception import ScreenShotError

from classroom.common.clock import ManualClock, SystemClock
from classroom.common.errors import DeviceError
from classroom.media.sources import mac_screen
from classroom.media.sources import screen as screen_module
from classroom.media.sources.monitors import list_monitors
from classroom.media.sources.screen import DesktopArea, Monitor, Screen, find_monitors
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
    with (
        display.window(100, 50, 200, 100) as window,
        opened(area=DesktopArea(90, 40, 220, 120), cursor=False) as screen,
    ):
        window.fill(*GREEN)
        picture = shot(screen)
        assert picture.shape == (120, 220, 3)
        assert (picture[10:110, 10:210] == GREEN).all()
        assert (picture[:10] == 0).all()


def test_a_region_counts_from_the_main_monitor() -> None:
    monitors = [Monitor(1, "main", DesktopArea(1920, 0, 1280, 720)), Monitor(2, "left", DesktopArea(0, 0, 1920, 1080))]
    screen = Screen(name="screen", clock=ManualClock(), area=DesktopArea(-100, 10, 200, 100))
    assert screen._chosen(monitors) == DesktopArea(1820, 10, 200, 100)


def test_the_pointer_is_drawn_when_asked_for(display: VirtualDisplay) -> None:
    with display.window() as window:
        window.fill(*GREEN)
        display.move_pointer(320, 180)
        with opened(cursor=True) as screen:
            assert (shot(screen)[170:200, 310:340] != GREEN).any()
        with opened(cursor=False) as screen:
            assert (shot(screen) == GREEN).all()


def test_where_the_system_only_tells_where_the_pointer_is_an_arrow_is_drawn(
    display: VirtualDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows and macOS; on X11 the system draws it."""
    place = [(330.0, 100.0)]
    monkeypatch.setattr("classroom.media.sources.screen.pointer_locator", lambda: lambda: place[0])
    display.move_pointer(20, 340)
    area = DesktopArea(300, 80, 200, 200)
    with display.window() as window:
        window.fill(*GREEN)
        with opened(cursor=True, area=area) as screen:
            assert (shot(screen)[20:40, 30:45] != GREEN).any()
            assert (shot(screen)[:15] == GREEN).all()
            before = serial(screen)
            place[0] = (430.0, 100.0)
            screen.read()
            assert serial(screen) > before, "it has moved, and nothing else"
            assert (shot(screen)[20:40, 30:45] == GREEN).all()
            place[0] = (20.0, 20.0)
            assert (shot(screen) == GREEN).all()
        with opened(cursor=False, area=area) as screen:
            place[0] = (330.0, 100.0)
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


LEFT, RIGHT = (0, 0, 320, 360), (320, 0, 320, 360)


@contextmanager
def running(screen: Screen) -> Iterator[SourceRunner]:
    """The source with its supervisor, which looks at the monitors with each picture."""
    runner = SourceRunner(screen, SystemClock(), lambda: None, back_off=(0.02,))
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


def sees(screen: Screen, colour: tuple[int, int, int]) -> bool:
    assert screen.picture is not None
    newest = screen.picture.newest()
    return newest is not None and bool((newest.frame.to_ndarray(format="rgb24") == colour).all())


def test_a_monitor_that_is_gone_is_lost_and_no_other_is_shown_in_its_place(display: VirtualDisplay) -> None:
    shown: set[tuple[int, ...]] = set()

    class Watched(Screen):
        def show(self, frame: Any, captured: float) -> None:
            shown.add(tuple(np.asarray(frame.to_ndarray(format="rgb24"))[5, 5]))
            super().show(frame, captured)

    with display.window(*LEFT) as private, display.window(*RIGHT) as shared:
        private.fill(*RED)
        shared.fill(*GREEN)
        display.arrange("RIGHT", LEFT=LEFT, RIGHT=RIGHT)
        screen = Watched(name="screen", clock=SystemClock(), fps=60, cursor=False)
        with running(screen) as runner:
            wait_for(lambda: runner.status.state == "live" and sees(screen, GREEN))
            display.arrange("LEFT", LEFT=LEFT)
            wait_for(lambda: runner.status.state == "lost")
            assert screen.picture is not None
            assert screen.picture.newest() is None
            wait_for(lambda: "is disconnected, and no other monitor replaces it" in (runner.status.why or ""))
            display.arrange("LEFT", LEFT=LEFT, RIGHT=RIGHT)
            wait_for(lambda: runner.status.state == "live" and sees(screen, GREEN))
            # With another main monitor it has another number now, and is the same.
            assert [monitor.area.x for monitor in find_monitors()] == [0, 320]
            assert shown == {GREEN}
            display.arrange("LEFT", LEFT=LEFT)
            wait_for(lambda: runner.status.state == "lost")
            runner.restart()
            wait_for(lambda: runner.status.state == "live" and sees(screen, RED))


def test_another_main_monitor_changes_nothing_on_air(display: VirtualDisplay) -> None:
    with display.window(*LEFT) as left, display.window(*RIGHT) as right:
        left.fill(*GREEN)
        right.fill(*RED)
        display.arrange("LEFT", LEFT=LEFT, RIGHT=RIGHT)
        with opened(cursor=False) as screen:
            assert (shot(screen) == GREEN).all()
            display.arrange("RIGHT", LEFT=LEFT, RIGHT=RIGHT)
            for _ in range(5):
                left.fill(0, 250, 0)
                assert (shot(screen) == (0, 250, 0)).all()
                left.fill(*GREEN)
                assert (shot(screen) == GREEN).all()


def test_a_screen_without_a_name_that_changes_its_size_is_lost_until_it_has_it_again(
    display: VirtualDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_module, "_CHECK_SECONDS", 0.0)
    display.resize(640, 360)  # by switching its output off, so that the system has no name for it any more
    with running(Screen(name="screen", clock=SystemClock(), fps=60, cursor=False)) as runner:
        wait_for(lambda: runner.status.size == (640, 360))
        display.resize(320, 200)
        wait_for(lambda: runner.status.state == "lost")
        display.resize(640, 360)
        wait_for(lambda: runner.status.state == "live")


class Arrangement:
    """A stand-in for mss: monitors as other systems tell of them. Each is of one colour, which is its name."""

    def __init__(self, *monitors: dict[str, Any]) -> None:
        self.monitors_now = monitors

    def __call__(self, **options: Any) -> Any:
        return Connection(self)


class Connection:
    def __init__(self, arrangement: Arrangement) -> None:
        self._arrangement = arrangement
        self.monitors = ({"left": 0, "top": 0, "width": 0, "height": 0}, *arrangement.monitors_now)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *fault: object) -> None:
        pass

    def close(self) -> None:
        pass

    def grab(self, area: Any) -> npt.NDArray[np.uint8]:
        """What is there now, as a real system gives it, and not what was there when it was connected."""
        if isinstance(area, tuple):
            return np.zeros((1, 1, 4), np.uint8)
        for monitor in self._arrangement.monitors_now:
            across = monitor["left"] <= area["left"] < monitor["left"] + monitor["width"]
            if across and monitor["top"] <= area["top"] < monitor["top"] + monitor["height"]:
                blue = COLOURS[str(monitor.get("unique_id") or monitor.get("output"))]
                return np.full((area["height"], area["width"], 4), (blue, 0, 0, 255), np.uint8)
        raise ScreenShotError("nothing is there")


COLOURS = {"beamer": 200, "laptop": 100, "HDMI-1": 200, "eDP-1": 100}


def windows(name: str, x: int, *, main: bool, size: tuple[int, int] = (64, 32)) -> dict[str, Any]:
    return {
        "left": x, "top": 0, "width": size[0], "height": size[1],
        "is_primary": main, "name": "Generic PnP Monitor", "unique_id": name,
    }  # fmt: skip


def linux(output: str, x: int, *, main: bool, size: tuple[int, int] = (64, 32)) -> dict[str, Any]:
    return {"left": x, "top": 0, "width": size[0], "height": size[1], "is_primary": main, "output": output}


@pytest.fixture
def arranged(monkeypatch: pytest.MonkeyPatch) -> Arrangement:
    arrangement = Arrangement()
    monkeypatch.setattr(mss, "MSS", arrangement)
    monkeypatch.setenv("DISPLAY", ":0")
    return arrangement


def blue(screen: Screen) -> int:
    return int(shot(screen)[0, 0, 2])


@pytest.mark.parametrize(("kind", "beamer", "laptop"), [(windows, "beamer", "laptop"), (linux, "HDMI-1", "eDP-1")])
def test_a_monitor_is_known_by_what_the_system_calls_it(
    arranged: Arrangement, kind: Any, beamer: str, laptop: str
) -> None:
    arranged.monitors_now = (kind(beamer, 0, main=True), kind(laptop, 64, main=False))
    with opened(cursor=False) as screen:
        assert blue(screen) == 200
        # On Windows the main monitor's corner is 0, 0: everything moves when another becomes it.
        arranged.monitors_now = (kind(beamer, -64, main=False), kind(laptop, 0, main=True))
        screen._last = None
        assert blue(screen) == 200
        arranged.monitors_now = (kind(beamer, 64, main=False, size=(32, 16)), kind(laptop, 0, main=True))
        screen._last = None
        assert shot(screen).shape == (16, 32, 3)
        arranged.monitors_now = (kind(laptop, 0, main=True),)
        taken = screen.taken
        with pytest.raises(DeviceError, match="is disconnected, and no other monitor"):
            shot(screen)
        assert screen.taken == taken


def test_of_two_monitors_that_the_system_calls_the_same_the_place_decides(arranged: Arrangement) -> None:
    twins = (linux("HDMI-1", 0, main=True), linux("HDMI-1", 64, main=False))
    arranged.monitors_now = twins
    with opened(number=2, cursor=False) as screen:
        shot(screen)
        arranged.monitors_now = twins[:1]
        screen._last = None
        with pytest.raises(DeviceError, match="is disconnected"):
            shot(screen)
        arranged.monitors_now = twins
        screen.open()
        assert screen._target["left"] == 64


def test_a_region_stays_on_the_monitor_it_was_on(arranged: Arrangement) -> None:
    arranged.monitors_now = (windows("beamer", 0, main=True), windows("laptop", 64, main=False))
    with opened(area=DesktopArea(8, 8, 16, 16), cursor=False) as screen:
        assert blue(screen) == 200
        arranged.monitors_now = (windows("beamer", -64, main=False), windows("laptop", 0, main=True))
        screen._last = None
        assert blue(screen) == 200
        assert screen._target["left"] == -56
        for others in (
            (windows("laptop", 0, main=True),),
            (windows("laptop", 0, main=True), windows("beamer", 64, main=False, size=(128, 64))),
        ):
            arranged.monitors_now = others
            with pytest.raises(DeviceError, match="the region would show something else"):
                shot(screen)
        arranged.monitors_now = (windows("beamer", 0, main=True), windows("laptop", 64, main=False))
        screen.open()
        assert blue(screen) == 200
        arranged.monitors_now = (windows("laptop", 0, main=True),)
        screen.choose_again()
        screen.open()
        assert blue(screen) == 100


def test_what_takes_its_place_after_a_reload_and_what_is_recalled_keep_to_the_monitor(arranged: Arrangement) -> None:
    arranged.monitors_now = (windows("beamer", 0, main=True), windows("laptop", 64, main=False))
    with opened(cursor=False) as before:
        arranged.monitors_now = (windows("laptop", 0, main=True),)
        faster = Screen(name="screen", clock=SystemClock(), fps=30)
        faster.succeed(before, 1)
        assert before.known is not None
        recalled = Screen(name="screen", clock=SystemClock())
        recalled.recall(before.known)
        for screen in (faster, recalled):
            assert screen.comes_back
            with pytest.raises(DeviceError, match="is disconnected"):
                screen.open()
        other = Screen(name="screen", clock=SystemClock(), number=2)
        other.succeed(before, 1)
        assert other.known is None


@pytest.mark.parametrize("allowed", [True, False])
def test_macos_is_asked_whether_windows_can_be_seen(
    arranged: Arrangement, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    """Without the permission a picture is no error there, but the desktop's background."""
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr(mac_screen, "may_record", lambda: allowed)
    arranged.monitors_now = ({"left": 0, "top": 0, "width": 64, "height": 32},)
    if allowed:
        assert find_monitors()[0].label == "screen"
        return
    with pytest.raises(DeviceError, match=r"not the windows\. Allow the terminal in System Settings"), opened():
        pass


def test_monitors_are_listed(display: VirtualDisplay) -> None:
    monitors = find_monitors()
    assert [(monitor.number, monitor.area) for monitor in monitors] == [(1, DesktopArea(0, 0, 640, 360))]


def test_the_main_monitor_is_number_one_when_it_is_chosen() -> None:
    class Connection:
        monitors = (
            {"left": 0, "top": 0, "width": 3200, "height": 1080},
            {"left": 0, "top": 0, "width": 1920, "height": 1080, "is_primary": False, "output": "HDMI-1"},
            {"left": 1920, "top": 0, "width": 1280, "height": 720, "is_primary": True, "name": "Laptop"},
        )

    found = list_monitors(Connection())  # type: ignore[arg-type]
    assert [(monitor.number, monitor.label, monitor.area.x) for monitor in found] == [
        (1, "Laptop", 1920),
        (2, "HDMI-1", 0),
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"number": 3}, "There is no monitor 3, only 1"),
        ({"area": DesktopArea(500, 0, 200, 100)}, "200x100 at 500,0 is not fully on the screen, which is 640x360"),
        ({"area": DesktopArea(-10, 0, 200, 100)}, "not fully on the screen"),
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
    with pytest.raises(DeviceError, match="has no display"), opened():
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
