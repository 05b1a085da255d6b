/**
 * What `getStats()` says, digested into the few figures that people want.
 *
 * Rates are taken between two digests; a figure that a browser does not have is null.
 *
 * @typedef {object} Digest
 * @property {number} at milliseconds of `performance.now()`
 * @property {number} packets video and sound packets received so far
 * @property {number} videoPackets video packets received so far
 * @property {number} frames pictures decoded so far
 * @property {number | null} width of the picture in pixels
 * @property {number | null} height of the picture in pixels
 * @property {number | null} fps pictures decoded per second
 * @property {number | null} videoKbits video in kbit/s
 * @property {number | null} soundKbits sound in kbit/s
 * @property {number | null} jitter of the video in milliseconds
 * @property {number | null} delay that the jitter buffer adds, in milliseconds
 * @property {number | null} loss lost packets, 0 to 1, since the digest before
 * @property {number | null} roundTrip in milliseconds
 * @property {number} freezes since the connection began
 * @property {number} dropped pictures dropped since the connection began
 * @property {string | null} videoCodec such as H264
 * @property {string | null} soundCodec such as opus
 * @property {string | null} path how packets travel, such as `host udp`
 * @property {Totals} totals
 */

/**
 * @typedef {object} Totals
 * @property {number} videoBytes
 * @property {number} soundBytes
 * @property {number} received
 * @property {number} lost
 * @property {number} bufferDelay seconds
 * @property {number} bufferCount
 */

/** @typedef {Record<string, any>} Entry one dictionary of a statistics report; its members differ by type */

/**
 * @param {Iterable<Entry>} report the values of an RTCStatsReport
 * @param {Digest | null} before the digest of the same connection before this one
 * @param {number} now milliseconds of `performance.now()`
 * @returns {Digest}
 */
export function digest(report, before, now) {
  const entries = [...report];
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const inbound = (/** @type {string} */ kind) =>
    entries.find((entry) => entry.type === 'inbound-rtp' && entry.kind === kind) ?? {};
  const video = inbound('video');
  const sound = inbound('audio');
  const transport = entries.find((entry) => entry.type === 'transport');
  // Firefox names no transport; there the pair in use marks itself.
  const pair =
    byId.get(transport?.selectedCandidatePairId) ??
    entries.find(
      (entry) =>
        entry.type === 'candidate-pair' && (entry.selected || (entry.nominated && entry.state === 'succeeded')),
    );

  const totals = {
    videoBytes: video.bytesReceived ?? 0,
    soundBytes: sound.bytesReceived ?? 0,
    received: (video.packetsReceived ?? 0) + (sound.packetsReceived ?? 0),
    lost: (video.packetsLost ?? 0) + (sound.packetsLost ?? 0),
    bufferDelay: video.jitterBufferDelay ?? 0,
    bufferCount: video.jitterBufferEmittedCount ?? 0,
  };
  const frames = video.framesDecoded ?? 0;
  const seconds = before ? (now - before.at) / 1000 : 0;
  const rate = (/** @type {number} */ current, /** @type {number | undefined} */ last) =>
    seconds > 0 && last !== undefined ? Math.max(0, current - last) / seconds : null;
  const kbits = (/** @type {number | null} */ bytes) => (bytes === null ? null : (bytes * 8) / 1000);

  return {
    at: now,
    packets: totals.received,
    videoPackets: video.packetsReceived ?? 0,
    frames,
    width: video.frameWidth ?? null,
    height: video.frameHeight ?? null,
    fps: rate(frames, before?.frames),
    videoKbits: kbits(rate(totals.videoBytes, before?.totals.videoBytes)),
    soundKbits: kbits(rate(totals.soundBytes, before?.totals.soundBytes)),
    jitter: milliseconds(video.jitter ?? sound.jitter),
    delay: bufferDelay(totals, before?.totals),
    loss: lossShare(totals, before?.totals),
    roundTrip: milliseconds(pair?.currentRoundTripTime),
    freezes: video.freezeCount ?? 0,
    dropped: video.framesDropped ?? 0,
    videoCodec: codecName(byId.get(video.codecId)),
    soundCodec: codecName(byId.get(sound.codecId)),
    path: pathName(byId.get(pair?.localCandidateId), byId.get(pair?.remoteCandidateId)),
    totals,
  };
}

/** @param {number | undefined} seconds */
function milliseconds(seconds) {
  return typeof seconds === 'number' ? seconds * 1000 : null;
}

/**
 * @param {Totals} now
 * @param {Totals | undefined} before
 */
function bufferDelay(now, before) {
  const count = now.bufferCount - (before?.bufferCount ?? 0);
  return count > 0 ? Math.max(0, (1000 * (now.bufferDelay - (before?.bufferDelay ?? 0))) / count) : null;
}

/**
 * @param {Totals} now
 * @param {Totals | undefined} before
 */
function lossShare(now, before) {
  if (!before) return null;
  // A packet that came late after all is taken back from the lost ones, so the difference may be negative.
  const lost = Math.max(0, now.lost - before.lost);
  const sent = lost + Math.max(0, now.received - before.received);
  return sent > 0 ? lost / sent : null;
}

/** @param {Entry | undefined} codec */
function codecName(codec) {
  return codec?.mimeType?.split('/')[1] ?? null;
}

/**
 * @param {Entry | undefined} local
 * @param {Entry | undefined} remote
 */
function pathName(local, remote) {
  if (!local || !remote) return null;
  return `${local.candidateType} → ${remote.candidateType}, ${local.protocol ?? 'udp'}`;
}
