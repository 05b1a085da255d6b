/**
 * How long to wait for news with one request, and whether to ask again when it failed.
 *
 * A request that is silent for long is ended by many a proxy and school filter: after 60 seconds by most, after 100 by
 * Cloudflare, sooner by some. So the server is asked to answer after 25 seconds in any case; where even that is too
 * long, shorter from then on. A request that failed is made again, at once and then a few times with growing pauses.
 */
import { Backoff } from './backoff.js';

const WITHIN_MS = 25000;
const WITHIN_LEAST_MS = 3000;
/** Of the time that something between us and the server bore. */
const SAFE_PART = 0.7;
/** What the server, or the way to it, may take beyond the time asked for. */
const SPARE_MS = 10000;
/** A request that lasted this long before it failed was well on its way. */
const WELL_MS = 1000;
/** Failures in a row after which signing in anew is better; they take three and a half seconds in all. */
const MOST_FAILURES = 4;

export class Patience {
  #within = WITHIN_MS;
  #failures = 0;
  #backoff;

  /** @param {Backoff} [backoff] */
  constructor(backoff = new Backoff()) {
    this.#backoff = backoff;
  }

  /** In how many whole seconds the server should answer. */
  get seconds() {
    return Math.floor(this.#within / 1000);
  }

  /** After how many milliseconds no answer will come any more. */
  get limit() {
    return this.#within + SPARE_MS;
  }

  /** The server answered. */
  answered() {
    this.#failures = 0;
    this.#backoff.reset();
  }

  /**
   * A request failed.
   *
   * @param {number} lasted milliseconds
   * @param {boolean} tooSilent whether something between us and the server said so
   * @returns {number | null} the milliseconds after which to ask again, or null when that helps no more
   */
  failed(lasted, tooSilent) {
    if (tooSilent) this.#within = Math.max(WITHIN_LEAST_MS, Math.min(this.#within, lasted * SAFE_PART));
    if (lasted >= WELL_MS) this.answered();
    this.#failures += 1;
    if (this.#failures > MOST_FAILURES) return null;
    // The first time without a timer: browsers let those of a hidden page wait for up to a minute.
    return this.#failures === 1 ? 0 : this.#backoff.next();
  }
}
