/**
 * The state of the reception as a person sees it, from what is known of signaling and connection.
 */

/**
 * `joining`: on the way in. `waiting`: signed in, no broadcaster there. `lobby`: the teacher has
 * to let us in first. `live`: picture and sound arrive. `sound-only`: packets arrive, but no picture. `reconnecting`: it
 * was live. `ended`: the broadcaster said so. `refused`: the broadcaster does not let us in. `unreachable`: the server
 * does not answer.
 *
 * @typedef {'joining' | 'waiting' | 'lobby' | 'live' | 'sound-only' | 'reconnecting' | 'ended' | 'refused' | 'unreachable'} State
 */

/**
 * @typedef {object} Known
 * @property {number} now milliseconds
 * @property {boolean} flowing whether packets arrive
 * @property {boolean} picture whether pictures are shown
 * @property {boolean} blind whether the browser knows none of the picture's codecs
 * @property {boolean} signedIn
 * @property {boolean} lobby whether the teacher has to let us in
 * @property {boolean} broadcaster whether one is there
 * @property {boolean} connection whether there is one, in any state
 */

/**
 * A sign-in is answered, and still we are not in. `crowded`: too many sign in at once. `no-lesson`: what answers is not
 * the lesson but, for example, a proxy that has lost it.
 *
 * @typedef {'crowded' | 'no-lesson'} Obstacle
 */

/** For this long after the contact was lost it is more likely the teacher's computer than the student's network. */
const LOST_CONTACT_MS = 60000;

const ANSWER = /^sign in: (\d+)$/;

/** A lesson without a picture is "sound only" after this long. */
const SOUND_ONLY_MS = 4000;

export class ReceptionState {
  /** @type {State} */
  #state = 'joining';
  #everLive = false;
  #everSignedIn = false;
  /** Attempts to sign in that failed, in a row. */
  #failures = 0;
  /** @type {Obstacle | null} */
  #obstacle = null;
  /** @type {number | null} since when the server does not answer any more */
  #lostSince = null;
  #contactJustLost = false;
  /** @type {number | null} since when sound arrives alone */
  #withoutPicture = null;

  /** Why we are not in although the sign-in is answered. */
  get obstacle() {
    return this.#obstacle;
  }

  /** Whether the server answered until a short while ago. */
  get contactJustLost() {
    return this.#contactJustLost;
  }

  signedIn() {
    this.#failures = 0;
    this.#obstacle = null;
  }

  /**
   * @param {string} why we are not signed in
   * @param {number} failures in a row
   */
  lost(why, failures) {
    const status = ANSWER.exec(why)?.[1];
    if (status === undefined) this.#obstacle = null;
    else this.#obstacle = status === '429' ? 'crowded' : 'no-lesson';
    this.#failures = this.#obstacle === 'crowded' ? 0 : failures;
  }

  /**
   * @param {Known} known
   * @returns {State}
   */
  observe(known) {
    this.#everSignedIn ||= known.signedIn;
    this.#lostSince = known.signedIn ? null : (this.#lostSince ?? known.now);
    this.#contactJustLost = this.#everSignedIn && known.now - (this.#lostSince ?? known.now) < LOST_CONTACT_MS;
    this.#state = this.#derive(known);
    this.#everLive ||= this.#state === 'live';
    return this.#state;
  }

  /**
   * @param {Known} known
   * @returns {State}
   */
  #derive({ now, flowing, picture, blind, signedIn, lobby, broadcaster, connection }) {
    this.#withoutPicture = flowing && !picture ? (this.#withoutPicture ?? now) : null;
    if (flowing && picture) return 'live';
    if (this.#withoutPicture !== null) {
      if (blind || now - this.#withoutPicture > SOUND_ONLY_MS) return 'sound-only';
      return this.#state === 'live' || this.#state === 'sound-only' ? this.#state : this.#onTheWay();
    }
    if (this.#failures > 1 || (this.#failures > 0 && !this.#everSignedIn)) return 'unreachable';
    if (lobby && signedIn) return 'lobby';
    if (signedIn && !broadcaster && !connection) return 'waiting';
    return this.#onTheWay();
  }

  /** @returns {State} */
  #onTheWay() {
    return this.#everLive ? 'reconnecting' : 'joining';
  }
}
