"""A real X server without a screen, and a real window that fills it with a colour."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from Xlib import X, display
from Xlib.ext import randr
from Xlib.protocol import rq

__all__ = ["ColourWindow", "VirtualDisplay"]


class _SetMonitor(rq.Request):  # type: ignore[misc]
    """RRSetMonitor, whose shape python-xlib knows but cannot pack."""

    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(43),
        rq.RequestLength(),
        rq.Window("window"),
        rq.Card32("name"),
        rq.Bool("primary"),
        rq.Bool("automatic"),
        rq.LengthOf("outputs", 2),
        rq.Int16("x"),
        rq.Int16("y"),
        rq.Card16("width"),
        rq.Card16("height"),
        rq.Card32("width_in_millimeters"),
        rq.Card32("height_in_millimeters"),
        rq.List("outputs", rq.Card32Obj),
    )


class VirtualDisplay:
    """An Xvfb on a display number of its own choosing; ``name`` is what DISPLAY is to be set to."""

    def __init__(self, width: int = 640, height: int = 360) -> None:
        self._size = (width, height)
        self._process: subprocess.Popen[bytes] | None = None
        self.name = ""

    def __enter__(self) -> VirtualDisplay:
        program = shutil.which("Xvfb")
        assert program, "Xvfb is missing; 'make test' installs it"
        width, height = self._size
        # -displayfd lets the server find a free number and tell it when it is ready: no guessing, no waiting.
        reading, writing = os.pipe()
        screen = ["-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"]
        command = [program, "-displayfd", str(writing), *screen]
        self._process = subprocess.Popen(
            command, pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(writing)
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        self.name = f":{number}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End the server, as when a desktop session ends."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def resize(self, width: int, height: int) -> None:
        """Change the size of the screen while it runs; what is larger than the first size is refused by the server."""
        connection = display.Display(self.name)
        root = connection.screen().root
        resources = root.xrandr_get_screen_resources()
        connection.xrandr_set_crtc_config(resources.crtcs[0], resources.config_timestamp, 0, 0, 0, 1, [])
        root.xrandr_set_screen_size(width, height, width // 4, height // 4)
        connection.sync()
        connection.close()

    def arrange(self, main: str, **monitors: tuple[int, int, int, int]) -> None:
        """Divide the screen into monitors of these names at (x, y, width, height); the first one has the output."""
        connection = display.Display(self.name)
        root = connection.screen().root
        outputs = root.xrandr_get_screen_resources().outputs
        for old in root.xrandr_get_monitors().monitors:
            if not old.automatic:
                root.xrandr_delete_monitor(old.name)
        for name, (x, y, width, height) in monitors.items():
            _SetMonitor(
                display=connection.display,
                opcode=connection.display.get_extension_major(randr.extname),
                window=root,
                name=connection.intern_atom(name),
                primary=name == main,
                automatic=False,
                x=x,
                y=y,
                width=width,
                height=height,
                width_in_millimeters=width // 4,
                height_in_millimeters=height // 4,
                outputs=outputs if name == next(iter(monitors)) else [],
            )
        connection.sync()
        connection.close()

    def move_pointer(self, x: int, y: int) -> None:
        """Put the mouse pointer somewhere."""
        connection = display.Display(self.name)
        connection.screen().root.warp_pointer(x, y)
        connection.sync()
        connection.close()

    @contextmanager
    def window(self, x: int = 0, y: int = 0, width: int = 0, height: int = 0) -> Iterator[ColourWindow]:
        """A window in front; without a size it covers the screen."""
        shown = ColourWindow(self.name, x, y, width or self._size[0], height or self._size[1])
        try:
            yield shown
        finally:
            shown.close()


class ColourWindow:
    """A window of one colour, drawn by an X client of its own."""

    def __init__(self, name: str, x: int, y: int, width: int, height: int) -> None:
        self._connection = display.Display(name)
        screen = self._connection.screen()
        self._window: Any = screen.root.create_window(
            x, y, width, height, 0, screen.root_depth, X.InputOutput, X.CopyFromParent,
            background_pixel=0, override_redirect=True, event_mask=X.ExposureMask,
        )  # fmt: skip
        self._window.map()
        self._connection.sync()

    def fill(self, red: int, green: int, blue: int) -> None:
        """Change the colour; it is on the screen when this returns."""
        self._window.change_attributes(background_pixel=red << 16 | green << 8 | blue)
        self._window.clear_area(0, 0, 0, 0)
        self._connection.sync()

    def close(self) -> None:
        """Take the window away."""
        self._connection.close()
