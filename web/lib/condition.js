/**
 * How the reception of the lesson is, as a person is told it, from what is known of signaling and connection.
 */

/** @typedef {import('./receiver.js').State} State */

/**
 * @typedef {object} Known
 * @property {number} now milliseconds
 * @property {boolean} flowing whether packets arrive
 * @property {boolean} picture whether pictures are shown
 * @property {boolean} blind whether the browser knows none of the picture's codecs
 * @property {boolean} signedIn
 * @property {number} failures attempts to sign in that failed, in a row
 * @property {boolean} lobby whether the teacher has to let us in
 * @property {boolean} broadcaster whether one is there
 * @property {boolean} connection whether there is one, in any state
 */

/** A lesson without a picture is "sound only" after this long. */
const SOUND_ONLY_MS = 4000;

export class Condition {
  /** @type {State} */
  #state = 'joining';
  #everLive = false;
  #everSignedIn = false;
  /** @type {number | null} since when sound arrives alone */
  #withoutPicture = null;

  /**
   * @param {Known} known
   * @returns {State}
   */
  observe(known) {
    this.#everSignedIn ||= known.signedIn;
    this.#state = this.#derive(known);
    this.#everLive ||= this.#state === 'live';
    return this.#state;
  }

  /**
   * @param {Known} known
   * @returns {State}
   */
  #derive({ now, flowing, picture, blind, signedIn, failures, lobby, broadcaster, connection }) {
    this.#withoutPicture = flowing && !picture ? (this.#withoutPicture ?? now) : null;
    if (flowing && picture) return 'live';
    if (this.#withoutPicture !== null) {
      if (blind || now - this.#withoutPicture > SOUND_ONLY_MS) return 'sound-only';
      return this.#state === 'live' || this.#state === 'sound-only' ? this.#state : this.#onTheWay();
    }
    if (failures > 1 || (failures > 0 && !this.#everSignedIn)) return 'unreachable';
    if (lobby && signedIn) return 'lobby';
    if (signedIn && !broadcaster && !connection) return 'waiting';
    return this.#onTheWay();
  }

  /** @returns {State} */
  #onTheWay() {
    return this.#everLive ? 'reconnecting' : 'joining';
  }
}
