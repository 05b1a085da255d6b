"""Every kind of source, as who watches sees it in decoded packets: upright, unmirrored, whole and in its own shape."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from classroom.common.clock import SystemClock
from classroom.media.sources.browser import Browser
from tests.support.chart import COLUMNS, ROWS, Box, Part, Sheet, cells, chart, within
from tests.support.display import VirtualDisplay
from tests.support.free_port import free_port
from tests.support.pictures import rgb_frame
from tests.support.viewing import Running, running

Size = tuple[int, int]

PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).parent.parent / "support" / "rtsp_server.py"

ALL = Box(0, 0, 640, 360)
SHAPES: Mapping[str, Size] = {"wide": (640, 360), "old": (480, 360), "tall": (270, 480)}
PROGRAM = "program: {size: 640x360, fps: 30}\nvideo: {bitrate: 6M}\n"


def lesson(sources: Mapping[str, str]) -> str:
    """A lesson with these sources, each shown full by a scene of its name."""
    named = "".join(f"  {name}: {{{keys}}}\n" for name, keys in sources.items())
    return f"sources:\n{named}scenes:\n" + "".join(f"  {name}: {name}\n" for name in sources) + PROGRAM


def whole(shape: str, turn: int | None = None) -> Sheet:
    """A chart shown full; each shape has its own colours."""
    turn = list(SHAPES).index(shape) if turn is None else turn
    width, height = SHAPES[shape]
    return Sheet(640, 360).lay(within(width / height, ALL), cells(turn))


def charts() -> dict[str, av.VideoFrame]:
    """The chart of each shape."""
    return {name: chart(*size, turn) for turn, (name, size) in enumerate(SHAPES.items())}


def save(frame: av.VideoFrame, path: Path, **keys: object) -> Path:
    """Save a chart as a picture file."""
    Image.fromarray(frame.to_ndarray(format="rgb24")).save(path, **keys)  # type: ignore[arg-type]
    return path


async def each_is_seen(program: Running) -> None:
    """Put each scene on air and see its chart."""
    for shape in SHAPES:
        program.switch(shape)
        await program.until(whole(shape).faults)


def film(
    path: Path, frames: list[av.VideoFrame], rate: int = 25, rotation: int = 0, pixel: Fraction | None = None
) -> Path:
    """Save frames as a film whose pictures are to be turned, or whose pixels have an aspect."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "qp": "12"})
        video.width, video.height, video.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        if pixel is not None:
            video.codec_context.sample_aspect_ratio = pixel
        if rotation:
            video.set_display_rotation(rotation)
        for number, frame in enumerate(frames):
            picture = frame.reformat(format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, rate)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
    return path


async def test_cameras(tmp_path: Path) -> None:
    """Films that libav's virtual device plays as if they were cameras."""
    sources = {}
    for name, frame in charts().items():
        file = film(tmp_path / f"{name}.mp4", 3 * [frame])
        sources[name] = f"kind: camera, device: 'lavfi:movie={file}:loop=0,setpts=N/(25*TB)'"
    async with running(lesson(sources)) as program:
        await each_is_seen(program)


async def test_picture_files(tmp_path: Path) -> None:
    files = {name: save(frame, tmp_path / f"{name}.png") for name, frame in charts().items()}
    async with running(lesson({name: f"kind: file, path: '{file}'" for name, file in files.items()})) as program:
        await each_is_seen(program)


async def test_films_begin_anew_each_time_they_come_on_air(tmp_path: Path) -> None:
    sources = {}
    for turn, (name, frame) in enumerate(charts().items()):
        later = chart(*SHAPES[name], turn + 3)
        sources[name] = f"kind: file, path: '{film(tmp_path / f'{name}.mp4', 10 * [frame] + 3 * [later])}'"
    async with running(lesson(sources)) as program:
        for _ in range(2):
            for turn, shape in enumerate(SHAPES):
                program.switch(shape)
                await program.until(whole(shape).faults)
                await program.until(whole(shape, turn + 3).faults)  # where it stays in the end


async def test_files_that_say_how_they_are_meant_are_shown_so(tmp_path: Path) -> None:
    """A film of a phone held upright, one of a camcorder with wide pixels, and a photograph of a phone."""
    wide, old, tall = charts().values()
    lying = rgb_frame(np.rot90(np.asarray(tall.to_ndarray(), np.uint8), 1))
    narrow = wide.reformat(480, 360, interpolation="POINT")
    exif = Image.Exif()
    exif[0x0112] = 8  # turned clockwise by 270 degrees it is upright
    fallen = rgb_frame(np.rot90(np.asarray(old.to_ndarray(), np.uint8), -1))
    sources = {
        "wide": film(tmp_path / "wide.mp4", 3 * [narrow], pixel=Fraction(4, 3)),
        "old": save(fallen, tmp_path / "old.jpg", exif=exif, quality=95),
        "tall": film(tmp_path / "tall.mp4", 3 * [lying], rotation=-90),
    }
    async with running(lesson({name: f"kind: file, path: '{path}'" for name, path in sources.items()})) as program:
        await each_is_seen(program)


async def test_slides_of_every_shape(tmp_path: Path) -> None:
    first, *others = [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in charts().values()]
    first.save(tmp_path / "slides.pdf", save_all=True, append_images=others, quality=95)
    async with running(lesson({"slides": f"kind: slides, file: '{tmp_path / 'slides.pdf'}'"})) as program:
        await program.until(whole("wide").faults)
        for page, shape in ((2, "old"), (3, "tall"), (1, "wide")):
            program.pool.go_to("slides", page, None)
            await program.until(whole(shape).faults)


async def test_what_a_browser_sends() -> None:
    async with running(lesson({shape: "kind: browser" for shape in SHAPES})) as program:
        for shape, frame in charts().items():
            source = program.pool.sources()[shape]
            assert isinstance(source, Browser)
            source.put_picture(frame.reformat(format="yuv420p"), SystemClock().now())
            program.switch(shape)
            await program.until(whole(shape).faults)


async def test_a_monitor_and_parts_of_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(variable, raising=False)
    regions = {"old": (40, 60, 320, 240), "tall": (420, 20, 180, 320)}
    sources = {"wide": "kind: screen, cursor: false"} | {
        name: f"kind: screen, cursor: false, region: {{x: {x}, y: {y}, width: {width}, height: {height}}}"
        for name, (x, y, width, height) in regions.items()
    }
    with VirtualDisplay(640, 360) as display, contextlib.ExitStack() as windows:
        monkeypatch.setenv("DISPLAY", display.name)
        shown = [
            windows.enter_context(display.window(160 * column, 120 * row, 160, 120))
            for row in range(ROWS)
            for column in range(COLUMNS)
        ]
        async with running(lesson(sources)) as program:
            for turn in (0, 1):
                for window, colour in zip(shown, cells(turn).reshape(-1, 3).tolist(), strict=True):
                    window.fill(*colour)
                program.switch("wide")
                await program.until(whole("wide", turn).faults)
                for name, (x, y, width, height) in regions.items():
                    part = Part(x / 640, y / 360, (x + width) / 640, (y + height) / 360)
                    program.switch(name)
                    await program.until(Sheet(640, 360).lay(within(width / height, ALL), cells(turn), part).faults)


@contextlib.contextmanager
def rtsp_server() -> Iterator[int]:
    """A server of bars, one mount for each shape; its port."""
    probe = subprocess.run([PYTHON, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"], check=False)
    if probe.returncode:
        pytest.skip("the system's Python has no GStreamer RTSP server")
    port = free_port()
    mounts = [f"{name}={width}x{height}" for name, (width, height) in SHAPES.items()]
    server = subprocess.Popen([PYTHON, str(SERVER), str(port), *mounts])
    try:
        yield port
    finally:
        server.kill()
        server.wait()


def bars(shape: str, share: float, level: int) -> Sheet:
    """Seven bars from the top down to a share of the height, of white, yellow, cyan, green, magenta, red and blue."""
    width, height = SHAPES[shape]
    box = within(width / height, ALL)
    lit = [[1, 1, 1], [1, 1, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1], [1, 0, 0], [0, 0, 1]]
    colours = np.array([lit], np.uint8) * np.uint8(level)
    sheet = Sheet(640, 360).lay(Box(box.x, box.y, box.width, share * box.height), colours)
    return sheet.overlook(Box(box.x - 4, box.y + share * box.height - 4, box.width + 8, 360))


async def test_streams() -> None:
    with rtsp_server() as port:
        sources = {name: f"kind: stream, url: 'rtsp://127.0.0.1:{port}/{name}'" for name in SHAPES}
        async with running(lesson(sources)) as program:
            for shape in SHAPES:
                program.switch(shape)
                await program.until(bars(shape, 2 / 3, 255).faults)


async def test_test_patterns() -> None:
    sources = {name: f"kind: pattern, size: {width}x{height}" for name, (width, height) in SHAPES.items()}
    async with running(lesson({**sources, "wide": "kind: pattern"})) as program:
        for shape in SHAPES:
            program.switch(shape)
            await program.until(bars(shape, 0.55, 191).faults)
