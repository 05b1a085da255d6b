"""A camera and a microphone that a page sends: together in the packets of the program as the page captured them.

Chromium plays a film in their place. It starts the two a little apart, so what counts is what the way to the program
adds to that.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pytest
from playwright.async_api import Page, async_playwright

from classroom.broadcaster import Broadcaster
from tests.support.broadcast import TOKEN, broadcasting, eventually
from tests.support.browser import ARGUMENTS, find_browser
from tests.support.machine import Machine
from tests.support.senses import Senses, sensing

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

LESSON = """
sources: {laptop: {kind: browser}}
audio: {laptop: {source: laptop}}
scenes: {talk: laptop}
program: {size: 640x360, fps: 30}
recording: {start: never}
"""

WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 30, 4
COUNTED: Final = 5

CAPTURED = """
() => {
  const captured = window.captured = {flashes: [], beeps: []};
  const [picture, sound] = document.querySelector("video.self").srcObject.getTracks()
    .sort((one, other) => other.kind.localeCompare(one.kind)).map((track) => track.clone());
  const each = async (track, take) => {
    const reader = new MediaStreamTrackProcessor({track}).readable.getReader();
    for (let {value, done} = await reader.read(); !done; {value, done} = await reader.read()) {
      take(value, performance.timeOrigin + performance.now());
      value.close();
    }
  };
  const eye = new OffscreenCanvas(16, 9).getContext("2d", {willReadFrequently: true});
  let bright = false;
  each(picture, (frame, now) => {
    eye.drawImage(frame, 0, 0, 16, 9);
    const flash = eye.getImageData(8, 4, 1, 1).data[1] > 150;
    if (flash && !bright) captured.flashes.push(now / 1000);
    bright = flash;
  });
  let heard = -1;
  each(sound, (block, now) => {
    const samples = new Float32Array(block.numberOfFrames);
    block.copyTo(samples, {planeIndex: 0, format: "f32-planar"});
    samples.forEach((sample, at) => {
      if (Math.abs(sample) < 0.05) return;
      const then = now / 1000 - (samples.length - at) / block.sampleRate;
      if (then - heard > 0.05) captured.beeps.push(then);
      heard = then;
    });
  });
}
"""


def film(folder: Path) -> list[str]:
    """What lets Chromium take a flash and a beep at each second for its camera and its microphone."""
    with (folder / "film.y4m").open("wb") as pictures:
        pictures.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % (WIDTH, HEIGHT, RATE))
        for number in range(RATE * SECONDS):
            planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
            planes[:HEIGHT] = 235 if number % RATE < RATE // 5 else 16 + number % RATE
            pictures.write(b"FRAME\n" + planes.tobytes())
    at = np.arange(48_000 * SECONDS)
    beep = np.where(at % 48_000 < 9600, 16_000 * np.sin(2 * np.pi * 1000 * at / 48_000), 0).astype("<i2")
    with wave.open(str(folder / "film.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.writeframes(beep.tobytes())
    return [
        f"--use-file-for-fake-video-capture={folder / 'film.y4m'}",
        f"--use-file-for-fake-audio-capture={folder / 'film.wav'}",
    ]


@contextlib.asynccontextmanager
async def sending(lesson: Broadcaster, arguments: list[str]) -> AsyncIterator[Page]:
    """A teacher page that sends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(find_browser()), args=[*ARGUMENTS, *arguments])
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{lesson.port}/teach#token={quote(TOKEN)}")
        await page.locator("[data-send-camera=laptop]").click()
        await page.locator("[data-send=laptop] [data-send-state=sending]").wait_for()
        yield page
        await browser.close()


def delays(captured: list[float], arrived: list[float]) -> dict[float, float]:
    """How many seconds after it was captured each thing was in the program, by when it was captured."""
    found = {each: min((late for then in arrived if (late := then - each) > 0), default=1.0) for each in captured}
    return {each: late for each, late in found.items() if late < 0.5}


def added(captured: dict[str, list[float]], senses: Senses, zero: float) -> list[tuple[float, float]]:
    """Of the last flashes and their beeps: seconds from capture to program of the picture, and of the sound."""
    flashes = delays(captured["flashes"], [zero + each for each in senses.eye.flashes])
    beeps = delays(captured["beeps"], [zero + each for each in senses.ear.beeps])
    pairs = [
        (late, beeps[near])
        for flash, late in flashes.items()
        for near in [min(beeps, key=lambda beep: abs(beep - flash), default=0.0)]
        if abs(near - flash) < 0.5
    ]
    return pairs[-COUNTED:]


async def test_a_page_that_sends_is_seen_as_it_is_heard(tmp_path: Path, machine: Machine) -> None:
    arguments = await asyncio.to_thread(film, tmp_path)
    async with broadcasting(LESSON) as lesson, sensing(lesson._program) as senses, sending(lesson, arguments) as page:
        # Where the zero of the program lies on the clock that the page reads as well.
        zero = lesson._program.zero + time.time() - time.monotonic()
        await page.evaluate(CAPTURED)
        pairs: list[tuple[float, float]] = []

        async def settled() -> bool:
            nonlocal pairs
            captured: Any = await page.evaluate("captured")
            pairs = added(captured, senses, zero)
            return len(pairs) == COUNTED and abs(
                statistics.median(sound - picture for picture, sound in pairs)
            ) < machine.allows(0.06)

        try:
            await eventually(settled, within=40)
        except AssertionError:
            pytest.fail(f"picture and sound took this long to the program (s): {pairs}")
        assert statistics.median(picture for picture, _ in pairs) < machine.allows(0.2)
