"""How late a page says the lesson is, against a time code in the pixels that it shows.

The source makes 29 pictures a second and the program 30, so that pictures wait for their tick between nothing and a
whole one, half of it on average, as those of a camera do.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import av
import numpy as np
import pytest

from classroom.bench import timecode
from classroom.broadcaster import Broadcaster
from classroom.media.sources.pattern import Pattern
from tests.support.broadcast import broadcasting, eventually
from tests.support.browser import PageFactory, state_is
from tests.support.firefox import firefox

pytestmark = pytest.mark.asyncio(loop_scope="session")

LESSON = """
sources:
  bars: {kind: pattern, size: 800x450, fps: 29}
audio:
  clap: {source: bars}
scenes:
  talk: bars
program: {size: 800x450, fps: 30}
video: {bitrate: 1500k, tiers: [], codecs: [%s]}
recording: {start: never}
"""

READS = """
() => {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [48, 1];
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.imageSmoothingEnabled = false;
  window.ages = [];
  const seen = () => {
    const at = performance.timeOrigin + performance.now();
    context.drawImage(video, 0, 0, 768, 16, 0, 0, 48, 1);
    const pixels = context.getImageData(0, 0, 48, 1).data;
    const bytes = [0, 0, 0, 0, 0, 0];
    for (let cell = 0; cell < 48; cell++) bytes[cell >> 3] = (bytes[cell >> 3] << 1) | (pixels[cell * 4 + 1] > 127);
    const sum = bytes.slice(0, 5).reduce((left, right) => left + right, 0) & 0xff;
    const stamp = ((bytes[1] << 24) | (bytes[2] << 16) | (bytes[3] << 8) | bytes[4]) >>> 0;
    if (sum === bytes[5]) ages.push([at / 1000, ((at - stamp) % 2 ** 32) / 1000]);
    video.requestVideoFrameCallback(seen);
  };
  video.requestVideoFrameCallback(seen);
}
"""

REPORT_SECONDS = 5.0


@pytest.fixture(autouse=True)
def time_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture of the pattern says when it was made."""
    plain = Pattern.draw

    def draw(self: Pattern, instant: float) -> av.VideoFrame:
        picture = np.asarray(plain(self, instant).to_ndarray(format="yuv420p"), np.uint8)
        made = time.time() - (self.clock.now() - instant)
        timecode.draw(picture, 1, round(made * 1000))
        return av.VideoFrame.from_ndarray(picture, "yuv420p")

    monkeypatch.setattr(Pattern, "draw", draw)


def reported(lesson: Broadcaster) -> dict[str, Any] | None:
    students = cast("dict[str, dict[str, Any]]", lesson.state()["students"])
    return next((each["latency"] for each in students.values()), None)


async def errors(lesson: Broadcaster, evaluate: Callable[[str], Awaitable[Any]], *, reports: int) -> list[float]:
    """Seconds by which each report of the page exceeds the median of the pixels in the same seconds."""
    await evaluate(READS)
    found: list[float] = []
    before = reported(lesson)
    while len(found) < reports:
        await eventually(lambda before=before: reported(lesson) not in (None, before), within=60)
        said, now = reported(lesson), time.time()
        before = said
        ages = [age for at, age in await evaluate("window.ages") if at > now - REPORT_SECONDS]
        if said is not None and said["p50"] is not None and len(ages) > 4 * REPORT_SECONDS:
            found.append(said["p50"] - statistics.median(ages))
        await asyncio.sleep(0)
    return found


async def test_chromium_is_as_late_as_it_says(open_page: PageFactory) -> None:
    async with broadcasting(LESSON % "h264, vp8") as lesson:
        page = await open_page(f"http://127.0.0.1:{lesson.port}/", size=(1000, 700))
        await page.locator("#name").fill("Ada")
        await page.locator("#join-button").click()
        await state_is(page, "live")
        found = await errors(lesson, page.evaluate, reports=3)
        assert abs(statistics.median(found)) < 0.010, found
        said = reported(lesson)
        assert said is not None
        assert said["clock"] < 0.005
        shows = next(iter(cast("dict[str, dict[str, Any]]", lesson.state()["students"]).values()))["shows"]
        assert (shows["width"], shows["height"]) == (800, 450)
        assert shows["sound"] in ("playing", "blocked")


async def test_firefox_is_nearly_as_late_as_it_says() -> None:
    async with broadcasting(LESSON % "vp8") as lesson, firefox() as browser:
        page = await browser.open(f"http://127.0.0.1:{lesson.port}/")
        await page.until("!document.querySelector('#join-button').disabled")
        await page.click("#name")
        await page.type("Ada")
        await page.click("#join-button")
        await page.until("document.body.dataset.state === 'live'")
        found = await errors(lesson, page.evaluate, reports=4)
        assert abs(statistics.median(found)) < 0.020, found
