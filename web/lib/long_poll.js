/**
 * The timing of a long poll: how long one request waits for news, and whether to ask again when it failed.
 *
 * Many proxies and school filters end a request that is silent for long: most after 60 seconds, Cloudflare after 100,
 * some sooner. So the server is asked to answer within 25 seconds in any case; where even that is too long, sooner from
 * then on. A request that failed is repeated, at once and then a few times with growing pauses. How long it took does
 * not show whether the server is there: a proxy may need seconds for each of its failures.
 */
import { Backoff } from './backoff.js';

const WITHIN_MS = 25000;
const WITHIN_LEAST_MS = 3000;
/** The part of the time after which something between us and the server gave up. */
const SAFE_PART = 0.7;
/** What the server, or the way to it, may take beyond the time asked for. */
const SPARE_MS = 10000;
/** A request that lasted this long before it failed may have been too silent for something that does not say so. */
const SILENT_MS = 5000;
/** Failures in a row after which signing in again is better; the pauses between them are three and a half seconds. */
const MOST_FAILURES = 4;

export class LongPoll {
  #within = WITHIN_MS;
  /** What was asked for before the failures in a row. */
  #before = WITHIN_MS;
  #failures = 0;
  #promised;
  #backoff;

  /**
   * @param {object} [options]
   * @param {boolean} [options.promised] whether the server answers in the time asked for; one that does not may be
   *   silent for as long as nothing happens
   * @param {Backoff} [options.backoff]
   */
  constructor({ promised = true, backoff = new Backoff() } = {}) {
    this.#promised = promised;
    this.#backoff = backoff;
  }

  /** In how many whole seconds the server should answer. */
  get seconds() {
    return Math.floor(this.#within / 1000);
  }

  /** After how many milliseconds no answer is to be expected. */
  get limit() {
    return this.#within + SPARE_MS;
  }

  /** The server answered. */
  answered() {
    this.#failures = 0;
    this.#before = this.#within;
    this.#backoff.reset();
  }

  /**
   * A request failed.
   *
   * @param {number} lasted milliseconds
   * @param {boolean} tooSilent whether something between us and the server said so
   * @returns {number | null} the milliseconds after which to ask again, or null when that no longer helps
   */
  failed(lasted, tooSilent) {
    // Once may be chance: a network that was lost, a server that was restarted.
    const brokenOff = this.#failures > 0 && lasted >= SILENT_MS;
    if (tooSilent || brokenOff) {
      this.#within = Math.max(WITHIN_LEAST_MS, Math.min(this.#within, lasted) * SAFE_PART);
    }
    if (!this.#promised && lasted >= SILENT_MS) {
      this.answered();
      return 0;
    }
    this.#failures += 1;
    if (this.#failures > MOST_FAILURES) {
      // Earlier answers were no help, so silence was not the reason.
      this.#within = this.#before;
      return null;
    }
    // The first time without a timer: browsers let those of a hidden page wait for up to a minute.
    return this.#failures === 1 ? 0 : this.#backoff.next();
  }
}
