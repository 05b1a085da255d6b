/**
 * What this page really shows and plays, and how late, told to the broadcaster every five seconds.
 *
 * Four times a second one picture is asked for its time stamp, and the sound for its own: asking for every picture would
 * cost a slow computer more than the figures are worth.
 */
import { latencyOf, lateness } from '../../lib/lateness.js';
import { clockLine } from '../../lib/messages.js';
import { RemoteClock } from '../../lib/remote_clock.js';
import { element } from '../elements.js';

/**
 * @import {ClockLine, Shows, TimeLines} from '../../lib/protocol.d.ts'
 * @import {Unread} from '../../lib/messages.js'
 * @import {State} from '../../lib/receiver.js'
 * @import {Digest} from '../../lib/statistics.js'
 * @import {Feature, Frame} from '../feature.d.ts'
 */

const SAMPLE_MS = 250;
const REPORT_MS = 5000;
/** A stamp that the browser has held for longer is not that of what plays now. */
const FRESH_MS = 500;

/** @implements {Feature} */
export class Report {
  #frame;
  #video = element('video', HTMLVideoElement);
  #clock = new RemoteClock(new URL('clock', document.baseURI).href);
  /** @type {{picture: ClockLine | null, sound: ClockLine | null} | null} */
  #lines = null;
  /** @type {number[]} */
  #pictures = [];
  /** @type {number[]} */
  #sounds = [];
  #asked = false;
  #reported = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  news = { clock: (/** @type {Unread<TimeLines>} */ lines) => this.#begin(lines) };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  joining() {
    this.#forget();
  }

  /** A new connection has other time stamps, and its lines come once it sends. */
  streamed() {
    this.#forget();
  }

  /** @param {State} state */
  changed(state) {
    if (state !== 'ended' && state !== 'refused') return;
    this.#forget();
    this.#clock.stop();
  }

  /** @param {Digest} figures */
  measured(figures) {
    if (figures.at - this.#reported < REPORT_MS) return;
    this.#reported = figures.at;
    const time = this.#clock.time(performance.now());
    const latency = time && latencyOf(this.#pictures.splice(0), this.#sounds.splice(0), time.unsure);
    this.#frame.send({ type: 'statistics', latency, shows: shownBy(figures, document) });
  }

  /** @param {Unread<TimeLines>} lines */
  #begin({ picture, sound }) {
    this.#lines = { picture: clockLine(picture), sound: clockLine(sound) };
    this.#clock.start();
    this.#timer ??= setInterval(() => this.#sample(), SAMPLE_MS);
  }

  #forget() {
    this.#lines = null;
    this.#pictures = [];
    this.#sounds = [];
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sample() {
    this.#sampleSound();
    if (!('requestVideoFrameCallback' in this.#video)) return this.#samplePicture();
    if (this.#asked) return;
    this.#asked = true;
    this.#video.requestVideoFrameCallback((_, { rtpTimestamp }) => {
      this.#asked = false;
      this.#note(this.#pictures, this.#lines?.picture, rtpTimestamp, performance.now());
    });
  }

  /** Where the video does not say which picture it shows, the newest that was decoded stands for it. */
  #samplePicture() {
    const stamp = this.#frame.stamp('video');
    if (stamp) this.#note(this.#pictures, this.#lines?.picture, stamp.rtp, stamp.at);
  }

  #sampleSound() {
    const stamp = this.#frame.stamp('audio');
    const fresh = stamp && performance.now() - stamp.at < FRESH_MS && stamp.ssrc === this.#lines?.sound?.ssrc;
    if (fresh && !this.#video.muted) this.#note(this.#sounds, this.#lines?.sound, stamp.rtp, stamp.at);
  }

  /**
   * @param {number[]} values
   * @param {ClockLine | null | undefined} line
   * @param {number | undefined} rtp
   * @param {number} at milliseconds of `performance.now()`
   */
  #note(values, line, rtp, at) {
    const time = this.#clock.time(at);
    const late = line && time && rtp !== undefined ? lateness(line, rtp, time.seconds) : null;
    if (late !== null) values.push(late);
  }
}

/**
 * @param {Digest} figures
 * @param {Document} page
 * @returns {Shows | null} null in a hidden page without pictures, of which nobody misses any
 */
function shownBy({ width, height, fps, freezes }, page) {
  if (page.hidden && !fps) return null;
  const sound = /** @type {Shows['sound']} */ (page.body.dataset.sound ?? 'off');
  return { width: width ?? 0, height: height ?? 0, fps: Number((fps ?? 0).toFixed(1)), freezes, sound };
}
