"""Picture and sound of one instant are seen and heard together, measured in a real browser.

The test pattern turns white and beeps in the same tenth of each second. The page looks at the pixels of each frame
that is shown and listens to the sound that is played.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.broadcast import eventually
from tests.support.machine import StolenTime
from tests.support.process import teaching
from tests.support.watching import watcher

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LESSON = """
sources: {bars: {kind: pattern}}
audio: {clap: {source: bars}}
scenes: {bars: bars}
program: {size: 640x360, fps: 30}
recording: {start: never}
"""

LISTEN = """
() => {
  const video = document.querySelector("video");
  const heard = probe.heard = {flashes: [], beeps: []};
  const canvas = new OffscreenCanvas(16, 9);
  const eye = canvas.getContext("2d", {willReadFrequently: true});
  let white = false;
  const look = (_, frame) => {
    eye.drawImage(video, 0, 0, 16, 9);
    const pixels = eye.getImageData(0, 0, 16, 9).data;
    let bright = 0;
    for (let at = 0; at < pixels.length; at += 4) if (Math.min(...pixels.slice(at, at + 3)) > 200) bright++;
    const now = bright > 100;
    if (now && !white) heard.flashes.push(frame.expectedDisplayTime);
    white = now;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  const context = new AudioContext();
  const ear = context.createAnalyser();
  ear.fftSize = 256;
  context.createMediaStreamSource(video.srcObject).connect(ear);
  const samples = new Float32Array(256);
  let loud = false;
  setInterval(() => {
    ear.getFloatTimeDomainData(samples);
    const now = Math.max(...samples) > 0.05;
    if (now && !loud) heard.beeps.push(performance.now());
    loud = now;
  }, 4);
}
"""


async def test_a_flash_is_seen_when_its_beep_is_heard(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    async with (
        teaching(str(file), "--port", "0") as lesson,
        watcher(browser, f"{lesson.base}/") as student,
    ):
        await student.join()
        await student.state("live")
        await student.page.evaluate(LISTEN)
        stolen = StolenTime()
        late: list[float] = []

        async def together() -> bool:
            nonlocal late
            heard = await student.page.evaluate("probe.heard")
            # The first seconds are the browser's own: it finds its buffers then.
            flashes = [flash for flash in heard["flashes"] if any(beep > flash + 500 for beep in heard["beeps"])][3:]
            late = [min((beep - flash for beep in heard["beeps"]), key=abs) for flash in flashes[-5:]]
            return len(late) == 5 and abs(statistics.median(late)) < 60

        try:
            await eventually(together, within=60)
        except AssertionError:
            stolen.excuse()
            pytest.fail(f"the beeps came this much after the flashes (ms): {late}")
