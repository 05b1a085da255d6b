"""The student page in a real browser, with eyes and ears: pixels, frame times, sound, and what it connected."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, Page

from tests.support.browser import DESKTOP

__all__ = ["PROBE", "Watcher", "watcher"]

PROBE = """
(() => {
  const Original = window.RTCPeerConnection;
  const probe = window.probe = {connections: [], frames: []};
  window.RTCPeerConnection = class extends Original {
    constructor(...given) { super(...given); probe.connections.push(this); }
  };
  const follow = (video) => {
    if (video.probed) return;
    video.probed = true;
    const seen = (now, frame) => {
      probe.frames.push(now);
      if (probe.frames.length > 3000) probe.frames.shift();
      video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
  };
  addEventListener("DOMContentLoaded", () => document.querySelectorAll("video").forEach(follow));
  probe.pixels = (places) => {
    const video = document.querySelector("video");
    if (!video || !video.videoWidth) return null;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    return places.map(([x, y]) => [...context.getImageData(
      Math.min(canvas.width - 1, Math.floor(x * canvas.width)),
      Math.min(canvas.height - 1, Math.floor(y * canvas.height)), 1, 1).data].slice(0, 3));
  };
  probe.energy = async () => {
    let energy = 0;
    for (const report of (await probe.connections.at(-1).getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "audio") energy = report.totalAudioEnergy ?? 0;
    }
    return energy;
  };
})();
"""

COLOURS = {
    "red": lambda red, green, blue: red > 170 and green < 90 and blue < 90,
    "lime": lambda red, green, blue: red < 90 and green > 170 and blue < 90,
    "blue": lambda red, green, blue: red < 90 and green < 90 and blue > 170,
    "black": lambda red, green, blue: max(red, green, blue) < 60,
}


class Watcher:
    """One open page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def join(self, name: str = "Test student") -> None:
        """Write a name and press Join."""
        await self.page.fill("#name", name)
        await self.page.click("#join-button")

    async def state(self, *states: str, within: float = 60.0) -> None:
        """Wait until the page says one of the states."""
        wanted = ", ".join(f'body[data-state="{state}"]' for state in states)
        await self.page.locator(wanted).wait_for(state="attached", timeout=within * 1000)

    async def pixels(self, *places: tuple[float, float]) -> list[list[int]] | None:
        """Red, green, blue at places of the video, from 0 to 1; None before the first picture."""
        value: list[list[int]] | None = await self.page.evaluate("places => probe.pixels(places)", places)
        return value

    async def sees(self, colours: dict[tuple[float, float], str], *, within: float = 60.0) -> None:
        """Wait until the video has these colours at these places."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while True:
            pixels = await self.pixels(*colours)
            if pixels and all(COLOURS[name](*rgb) for name, rgb in zip(colours.values(), pixels, strict=True)):
                return
            assert loop.time() < deadline, f"expected {colours}, saw {pixels}"
            await asyncio.sleep(0.05)

    async def connections(self) -> int:
        """How many RTCPeerConnections the page has made."""
        return int(await self.page.evaluate("probe.connections.length"))

    async def energy(self) -> float:
        """The energy of the sound received so far (totalAudioEnergy, W3C webrtc-stats)."""
        return float(await self.page.evaluate("probe.energy()"))

    async def frames(self) -> list[float]:
        """When frames were shown, in milliseconds of the page's clock."""
        value: list[float] = await self.page.evaluate("probe.frames")
        return value


@contextlib.asynccontextmanager
async def watcher(browser: Browser, address: str, **context: Any) -> AsyncIterator[Watcher]:
    """Open a page with the probe in it."""
    profile = await browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, **context)
    await profile.add_init_script(PROBE)
    page = await profile.new_page()
    await page.goto(address)
    try:
        yield Watcher(page)
    finally:
        await profile.close()
