/**
 * Waiting times that grow from one failed attempt to the next.
 *
 * A fifth of chance is mixed in, so that a whole class does not return in the same instant after an outage.
 */
export class Backoff {
  #first;
  #most;
  #random;
  #attempts = 0;

  /**
   * @param {object} [options]
   * @param {number} [options.first] the first waiting time in milliseconds
   * @param {number} [options.most] the longest waiting time in milliseconds
   * @param {() => number} [options.random] a number from 0 to 1
   */
  constructor({ first = 500, most = 5000, random = Math.random } = {}) {
    this.#first = first;
    this.#most = most;
    this.#random = random;
  }

  /** How many attempts have failed since the last success. */
  get attempts() {
    return this.#attempts;
  }

  /** @returns {number} the milliseconds to wait before the next attempt */
  next() {
    const plain = Math.min(this.#most, this.#first * 2 ** Math.min(this.#attempts, 16));
    this.#attempts += 1;
    return Math.min(this.#most, plain * (0.8 + 0.4 * this.#random()));
  }

  reset() {
    this.#attempts = 0;
  }
}

/**
 * A pause that can be cut short: it ends after the time, when the signal is aborted, or when woken.
 */
export class Pause {
  /** @type {(() => void) | null} */
  #wake = null;

  /**
   * @param {number} milliseconds
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  sleep(milliseconds, signal) {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }

  wake() {
    this.#wake?.();
  }
}
