// Reads the time code back from the picture as a student's browser shows it, and reports what it saw.

const BITS = 48;
const CELL = 16;
const canvas = new OffscreenCanvas(BITS, 1);
const context = canvas.getContext("2d", { willReadFrequently: true });

/** Epoch milliseconds, finer than Date.now(). */
const now = () => performance.timeOrigin + performance.now();

/** The source and the milliseconds in the pixels, or null when they cannot be read. */
function read(video) {
  // Without smoothing, each cell becomes the one pixel at its middle.
  context.imageSmoothingEnabled = false;
  context.drawImage(video, 0, 0, BITS * CELL, CELL, 0, 0, BITS, 1);
  const pixels = context.getImageData(0, 0, BITS, 1).data;
  const bytes = [0, 0, 0, 0, 0, 0];
  for (let cell = 0; cell < BITS; cell++) {
    bytes[cell >> 3] = (bytes[cell >> 3] << 1) | (pixels[cell * 4 + 1] > 127 ? 1 : 0);
  }
  const sum = bytes.slice(0, 5).reduce((left, right) => left + right, 0) & 0xff;
  if (sum !== bytes[5]) return null;
  const stamp = ((bytes[1] << 24) | (bytes[2] << 16) | (bytes[3] << 8) | bytes[4]) >>> 0;
  return { source: bytes[0], stamp };
}

/** What the browser's statistics say of sound and picture, as `Moment` in browser.py has it; null before sound came. */
function heard(statistics) {
  const inbound = [...statistics.values()].filter((report) => report.type === "inbound-rtp");
  const sound = inbound.find((report) => report.kind === "audio");
  const picture = inbound.find((report) => report.kind === "video");
  if (!sound?.jitterBufferEmittedCount) return null;
  const known = picture?.estimatedPlayoutTimestamp && sound.estimatedPlayoutTimestamp;
  const offset = known ? picture.estimatedPlayoutTimestamp - sound.estimatedPlayoutTimestamp : null;
  return [now(), sound.jitterBufferDelay, sound.jitterBufferEmittedCount, sound.concealedSamples ?? 0, offset];
}

const say = (path, value) =>
  fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

/** Watch one part of the measurement; the offer says which, and for how many seconds. */
async function watch(part) {
  const connection = new RTCPeerConnection();
  const video = document.createElement("video");
  video.muted = !part.plays;
  video.autoplay = true;
  // Small on the page, so that drawing it costs this machine little; the pixels that are read are those of the stream.
  video.width = 160;
  document.body.replaceChildren(video);
  const samples = [];
  const moments = [];
  const missed = { unreadable: 0 };
  connection.ontrack = (event) => {
    if (event.track.kind === "video") video.srcObject = event.streams[0];
  };
  const onFrame = (_, frame) => {
    const at = now();
    const code = read(video);
    if (code === null) missed.unreadable++;
    else samples.push([at, code.source, code.stamp, performance.timeOrigin + frame.expectedDisplayTime]);
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  await connection.setRemoteDescription({ type: "offer", sdp: part.sdp });
  await connection.setLocalDescription(await connection.createAnswer());
  await new Promise((resolve) => {
    if (connection.iceGatheringState === "complete") resolve();
    connection.onicegatheringstatechange = () => connection.iceGatheringState === "complete" && resolve();
  });
  await say("/answer", { part: part.part, sdp: connection.localDescription.sdp });
  const end = now() + part.seconds * 1000;
  while (now() < end) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(500, end - now())));
    const moment = heard(await connection.getStats());
    if (moment !== null) moments.push(moment);
  }
  connection.close();
  await say("/seen", { part: part.part, samples, moments, missed });
}

try {
  for (;;) {
    const part = await (await fetch("/next")).json();
    if (part.done) break;
    await watch(part);
  }
} catch (fault) {
  await say("/fault", { text: String(fault?.stack ?? fault) });
}
