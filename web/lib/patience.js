/**
 * How long to wait for news with one request, and whether to ask again when it failed.
 *
 * A request that is silent for long is ended by many a proxy and school filter: after 60 seconds by most, after 100 by
 * Cloudflare, sooner by some. So the server is asked to answer after 25 seconds in any case; where even that is too
 * long, shorter from then on. A request that failed is made again, at once and then a few times with growing pauses.
 * How long it took says nothing of whether the server is there: a proxy may need seconds for each of its failures.
 */
import { Backoff } from './backoff.js';

const WITHIN_MS = 25000;
const WITHIN_LEAST_MS = 3000;
/** Of the time that something between us and the server bore. */
const SAFE_PART = 0.7;
/** What the server, or the way to it, may take beyond the time asked for. */
const SPARE_MS = 10000;
/** A request that lasted this long before it failed may have been too silent for something that does not say so. */
const SILENT_MS = 5000;
/** Failures in a row after which signing in anew is better; the pauses between them are three and a half seconds. */
const MOST_FAILURES = 4;

export class Patience {
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

  /** After how many milliseconds no answer will come any more. */
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
   * @returns {number | null} the milliseconds after which to ask again, or null when that helps no more
   */
  failed(lasted, tooSilent) {
    // Once may be chance: a network that went, a server that was started anew.
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
