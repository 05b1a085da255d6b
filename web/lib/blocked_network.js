/**
 * Finds out why a lesson does not come: a network that blocks the picture, or a teacher's computer that is slow.
 *
 * Pure: it takes the time and observations, and answers. It is the network when offers come, the connection fails for
 * long, and the teacher's computer meanwhile answers promptly over the signaling.
 *
 * @typedef {object} Seen
 * @property {number} now milliseconds
 * @property {boolean} expecting whether we are signed in where a broadcaster is, and may watch
 * @property {boolean} flowing whether packets arrive
 * @property {RTCIceConnectionState | null} ice how the connection stands; null while there is none
 *
 * @typedef {'blocked' | 'slow'} Cause
 */

/** After this long a person wants to know why. */
const LONG_MS = 15000;
/** The longest time that counts between two looks; in the rest of a longer one this page slept. */
const LONGEST_LOOK_MS = 2000;
/** An answer that takes longer shows that the teacher's computer is slow. */
const PROMPT_MS = 3000;

/** After this long without a broadcaster there is nothing to explain. */
const AWAY_MS = 5000;

const CONNECTED = ['connected', 'completed'];
const IN_VAIN = ['checking', 'disconnected', 'failed'];

export class BlockedNetwork {
  /** @type {number | null} */
  #looked = null;
  /** Milliseconds in which the connection was tried in vain. */
  #tried = 0;
  /** Milliseconds in which nothing came and nothing could be tried. */
  #waited = 0;
  /** Milliseconds since a broadcaster was there. */
  #away = 0;
  /** @type {boolean | null} whether the teacher's computer answers at once; null while that is not known */
  #prompt = null;

  /** The network is another one, or everything starts again. */
  reset() {
    this.#looked = null;
    this.#tried = 0;
    this.#waited = 0;
    this.#away = 0;
    this.#prompt = null;
  }

  /** @param {Seen} seen */
  observe({ now, expecting, flowing, ice }) {
    const passed = Math.min(now - (this.#looked ?? now), LONGEST_LOOK_MS);
    this.#looked = now;
    // A page that signs in again because no lesson comes is away for a moment, and still has none.
    this.#away = expecting ? 0 : this.#away + passed;
    if (flowing || this.#away > AWAY_MS) this.reset();
    if (flowing || !expecting) return;
    if (ice !== null && CONNECTED.includes(ice)) {
      this.#tried = 0;
      this.#prompt = null;
    }
    if (ice !== null && IN_VAIN.includes(ice)) this.#tried += passed;
    else this.#waited += passed;
  }

  /** Whether it has to be known how fast the teacher's computer answers. */
  get asks() {
    return this.#tried >= LONG_MS && this.#prompt === null;
  }

  /** @param {number} milliseconds that an answer took */
  answered(milliseconds) {
    this.#prompt = milliseconds < PROMPT_MS;
  }

  /** @returns {Cause | null} why no lesson comes; null while it may come any moment */
  get cause() {
    if (this.#tried >= LONG_MS && this.#prompt !== null) return this.#prompt ? 'blocked' : 'slow';
    return this.#waited >= LONG_MS ? 'slow' : null;
  }
}
