/**
 * The messages that a broadcaster sends through the signaling, checked as data from outside: any member can send
 * anything. What a field holds is known only after it was checked, as by `text` and `iceServers`.
 *
 * @import {Candidate, ClockLine, ToPage} from './protocol.d.ts'
 */

/**
 * A message of which only the type is known.
 *
 * @template M
 * @typedef {M extends unknown ? {[K in keyof M]: K extends 'type' ? M[K] : unknown} : never} Unread
 */

/**
 * @param {string} body
 * @returns {Unread<ToPage | Candidate> | null} null for what is not a JSON object, such as the original's `BYE`. The type
 *   may be one that this page does not know.
 */
export function readMessage(body) {
  try {
    const value = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * @param {unknown} value
 * @returns {RTCIceServer[] | null} only the entries that are servers; null where it is not a list
 */
export function iceServers(value) {
  if (!Array.isArray(value)) return null;
  const isUrls = (/** @type {unknown} */ urls) => [urls].flat().every((url) => typeof url === 'string');
  return value.filter((server) => typeof server === 'object' && server !== null && isUrls(server.urls));
}

/**
 * @param {unknown} value
 * @returns {string | null} null for anything but text, and where there is none
 */
export function text(value) {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * @param {unknown} value
 * @returns {ClockLine | null} null for anything but a time line, and where there is none
 */
export function clockLine(value) {
  if (typeof value !== 'object' || value === null) return null;
  const { ssrc, rtp, at, rate } = /** @type {Record<string, unknown>} */ (value);
  const numbers = [ssrc, rtp, at, rate].every(Number.isFinite);
  return numbers && Number(rate) > 0
    ? { ssrc: Number(ssrc), rtp: Number(rtp), at: Number(at), rate: Number(rate) }
    : null;
}

/**
 * @param {Unread<Candidate>} message
 * @returns {RTCIceCandidateInit | null}
 */
export function candidateOf({ candidate, sdpMid, sdpMLineIndex }) {
  if (typeof candidate !== 'string') return null;
  return {
    candidate,
    sdpMid: typeof sdpMid === 'string' ? sdpMid : null,
    sdpMLineIndex: typeof sdpMLineIndex === 'number' ? sdpMLineIndex : null,
  };
}
