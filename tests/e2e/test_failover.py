"""A camera that fails is replaced before the class notices, measured by the frames that a student's browser shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.broadcast import eventually
from tests.support.camera import BITS, camera_process
from tests.support.machine import Machine
from tests.support.process import teaching
from tests.support.watching import watcher

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LESSON = """
sources:
  cam:   {{kind: camera, device: "{device}", size: null, frozen: fallback}}
  pause: {{kind: camera, device: "lavfi:color=c=lime:size=640x360:rate=30"}}
scenes: {{talk: cam}}
program: {{size: 640x360, fps: 30, start: talk, fallback: pause}}
recording: {{start: never}}
"""

LOOK = """
(bits) => {
  const video = document.querySelector("video");
  const shown = probe.shown = [];
  const eye = new OffscreenCanvas(bits, 2).getContext("2d", {willReadFrequently: true});
  const look = (now) => {
    eye.drawImage(video, 0, 0, bits, 2);
    const pixels = eye.getImageData(0, 0, bits, 2).data;
    const at = (x, y) => pixels.slice((y * bits + x) * 4, (y * bits + x) * 4 + 3);
    const [red, green] = at(2, 0);
    let number = 0;
    for (let bit = 0; bit < bits; bit++) if (at(bit, 1)[1] > 127) number |= 1 << bit;
    const what = red > 150 && green < 110 ? "camera" : green > 150 && red < 110 ? "fallback" : "";
    shown.push({at: now, what, number});
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}
"""


async def test_a_student_sees_the_fallback_at_once_and_the_camera_as_soon_as_it_is_back(
    browser: Browser, tmp_path: Path, machine: Machine
) -> None:
    file = tmp_path / "lesson.yaml"
    with camera_process() as camera:
        file.write_text(LESSON.format(device=camera.device), "utf-8")
        faults: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            "killed": (camera.unplug, camera.plug_in),
            "stopped": (camera.stop, camera.go_on),
            "frozen": (camera.freeze, camera.thaw),
        }
        async with teaching(str(file), "--port", "0") as lesson, watcher(browser, f"{lesson.base}/") as student:
            await student.join()
            await student.state("live")
            await student.page.evaluate(LOOK, BITS)

            async def shows(what: str, frames: int = 30) -> bool:
                newest = await student.page.evaluate("frames => probe.shown.slice(-frames)", frames)
                return len(newest) == frames and all(each["what"] == what for each in newest)

            replaced, back = {}, {}
            for fault, (fail, mend) in faults.items():
                await eventually(lambda: shows("camera"), what=f"the camera before it is {fault}")
                began = await student.page.evaluate("probe.shown.length - 1")
                fail()
                await eventually(lambda: shows("fallback"), what=f"the fallback of a camera that is {fault}")
                mend()
                mended = await student.page.evaluate("performance.now()")
                await eventually(lambda: shows("camera"), what=f"the camera after it was {fault}")
                shown = await student.page.evaluate("began => probe.shown.slice(began)", began)
                first = next(index for index, each in enumerate(shown) if each["what"] == "fallback")
                last = next(
                    index
                    for index in range(first - 1, -1, -1)
                    if index == 0 or shown[index]["number"] != shown[index - 1]["number"]
                )
                again = next(index for index in range(first, len(shown)) if shown[index]["what"] == "camera")
                replaced[fault] = shown[first]["at"] - shown[last]["at"]
                back[fault] = shown[again]["at"] - mended
            assert await student.connections() == 1
        assert max(replaced.values()) <= 1000 * machine.allows(0.4), f"replaced after (ms): {replaced}"
        assert max(back.values()) <= 1000 * machine.allows(1.0), f"back after (ms): {back}"
