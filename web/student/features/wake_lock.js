/**
 * Keeps the screen of a phone on while a lesson is live. Browsers offer it only to pages that came over https.
 */

/**
 * @import {State} from '../../lib/receiver.js'
 * @import {Feature} from '../feature.d.ts'
 */

/** @implements {Feature} */
export class WakeLock {
  #wanted = false;
  /** @type {WakeLockSentinel | null} */
  #held = null;
  /** One request at a time: of two that cross, only one would be released. */
  #turn = Promise.resolve();

  constructor() {
    // The browser releases the lock whenever the page is hidden.
    document.addEventListener('visibilitychange', () => this.#update());
  }

  /** @param {State} state */
  changed(state) {
    this.wanted = state === 'live';
  }

  /** @param {boolean} wanted */
  set wanted(wanted) {
    this.#wanted = wanted;
    this.#update();
  }

  #update() {
    this.#turn = this.#turn.then(() => this.#apply());
  }

  async #apply() {
    if (!('wakeLock' in navigator)) return;
    if (!this.#wanted) {
      await this.#held?.release();
      this.#held = null;
      return;
    }
    if (document.visibilityState !== 'visible' || (this.#held && !this.#held.released)) return;
    try {
      this.#held = await navigator.wakeLock.request('screen');
    } catch (error) {
      // A low battery or a policy forbids it: the lesson continues without it.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
