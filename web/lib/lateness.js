/**
 * How late what is shown and played is: the time stamp of a picture says when it was made by the broadcaster's clock.
 */

/**
 * @import {ClockLine, Latency, Quantiles} from './protocol.d.ts'
 */

/** What is older is no measurement but another connection's time stamp. */
const LATEST = 30;
/** Time stamps count to here and begin again. */
const WRAP = 2 ** 32;

/**
 * @param {ClockLine} line
 * @param {number} rtp a time stamp of the stream
 * @param {number} seconds the broadcaster's time at which it was seen
 * @returns {number | null} seconds since what has this time stamp was made; null where it makes no sense
 */
export function lateness({ rtp: zero, at, rate }, rtp, seconds) {
  // What would be made just now has this time stamp; the difference is small, whichever way either has begun again.
  const made = zero + (seconds - at) * rate;
  const behind = (((made - rtp) % WRAP) + WRAP) % WRAP;
  const late = (behind >= WRAP / 2 ? behind - WRAP : behind) / rate;
  if (late > LATEST || late < -LATEST) return null;
  // Two clocks are never the same, so on a fast way a picture may seem to come before it was made.
  return Math.max(0, late);
}

/**
 * @param {readonly number[]} values
 * @returns {Quantiles | null} null where there are none
 */
export function quantiles(values) {
  const ordered = [...values].sort((a, b) => a - b);
  const share = (/** @type {number} */ part) =>
    ordered[Math.min(ordered.length - 1, Math.floor(part * ordered.length))];
  const [p50, p95] = [share(0.5), share(0.95)];
  return p50 === undefined || p95 === undefined ? null : { p50: rounded(p50), p95: rounded(p95) };
}

/**
 * @param {readonly number[]} pictures seconds
 * @param {readonly number[]} sounds seconds
 * @param {number} unsure seconds
 * @returns {Latency | null} what is told of them
 */
export function latencyOf(pictures, sounds, unsure) {
  const picture = quantiles(pictures);
  const sound = quantiles(sounds);
  if (!picture && !sound) return null;
  return { p50: picture?.p50 ?? null, p95: picture?.p95 ?? null, clock: rounded(unsure), sound };
}

/** @param {number} seconds */
function rounded(seconds) {
  return Number(seconds.toFixed(4));
}
