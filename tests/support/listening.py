"""What a student sees and hears: when flashes begin on the page, and when beeps do."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.support.broadcast import eventually
from tests.support.watching import Watcher

__all__ = ["Lateness", "lateness", "listen", "together"]

_TOGETHER: Final = 60.0
"""Milliseconds by which sound and picture may be apart."""

_NOTICED: Final = 125.0
"""Milliseconds from which on people notice that sound is late (ITU-R BT.1359)."""

_COUNTED: Final = 5

_LISTEN = """
() => {
  const video = document.querySelector("video");
  const heard = probe.heard = {flashes: [], beeps: [], own: []};
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
  setInterval(async () => {
    const reports = [...(await probe.connections.at(-1).getStats()).values()];
    const [picture, sound] = ["video", "audio"].map((kind) =>
      reports.find((report) => report.type === "inbound-rtp" && report.kind === kind)?.estimatedPlayoutTimestamp);
    if (picture && sound) heard.own.push([performance.now(), picture - sound]);
  }, 250);
}
"""


@dataclass(frozen=True)
class Lateness:
    """How much later than its flash a beep is heard, in ms, and how much of that the browser says is its own doing.

    A browser knows that from the sender reports: to which instants the picture and the sound belong that it plays.
    """

    heard: float
    own: float

    @property
    def settled(self) -> bool:
        """Whether it is together as it was sent, and nobody notices what the browser adds."""
        return abs(self.heard - self.own) < _TOGETHER and abs(self.heard) < _NOTICED


async def listen(student: Watcher) -> None:
    """Begin to look and to listen; once for a page."""
    await student.page.evaluate(_LISTEN)


async def together(student: Watcher, *, skip: int = 0, within: float = 60.0) -> None:
    """Wait until flashes have their beeps with them, with all that the browser adds.

    The first ``skip`` flashes are left out. The first seconds of a connection are the browser's own: it finds its
    buffers then.
    """
    await _eventually(student, lambda found: abs(found.heard) < _TOGETHER, skip, within)


async def lateness(student: Watcher, *, skip: int = 0, within: float = 60.0) -> Lateness:
    """Wait until it is settled; how it is then. What was seen before is left out, and ``skip`` flashes from now on."""
    return await _eventually(student, lambda found: found.settled, skip, within)


async def _eventually(student: Watcher, wanted: Callable[[Lateness], bool], skip: int, within: float) -> Lateness:
    since = await student.page.evaluate("performance.now()")
    found: Lateness | None = None

    async def settled() -> bool:
        nonlocal found
        found = _newest(await student.page.evaluate("probe.heard"), since, skip)
        return found is not None and wanted(found)

    try:
        await eventually(settled, within=within)
    except AssertionError:
        pytest.fail(f"the beeps came after the flashes by this much (ms): {found}")
    assert found is not None
    return found


def _newest(heard: dict[str, Any], since: float, skip: int) -> Lateness | None:
    """The middle of the last flashes whose beeps can have come; None where there are too few."""
    beeps = heard["beeps"]
    whole = [flash for flash in heard["flashes"] if flash > since and any(beep > flash + 250 for beep in beeps)]
    flashes = whole[skip:][-_COUNTED:]
    if len(flashes) < _COUNTED:
        return None
    own = [offset for at, offset in heard["own"] if flashes[0] < at < flashes[-1]]
    if not own:
        return None
    late = [min((beep - flash for beep in beeps), key=abs) for flash in flashes]
    return Lateness(statistics.median(late), statistics.median(own))
