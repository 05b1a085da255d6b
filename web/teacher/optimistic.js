/**
 * Values that are shown before the broadcaster has confirmed them: of faders under a finger, and of fields for numbers.
 *
 * A fader shows the state, except while somebody moves it: then it shows the finger, until the state that its last
 * command led to has arrived. At most one command for each input is on its way; the newest value goes next.
 *
 * @typedef {object} Held
 * @property {number} value where the finger is
 * @property {boolean} sending
 * @property {boolean} unsent whether the value was moved on since the last command
 * @property {boolean} released
 * @property {number | null} revision after which the state is believed again
 */
export class OptimisticValues {
  #send;
  #changed;
  /** @type {Map<string, Held>} */
  #held = new Map();

  /**
   * @param {(input: string, value: number) => Promise<number | null>} send gives the revision, or null when it failed
   * @param {() => void} changed the values must be drawn again
   */
  constructor(send, changed) {
    this.#send = send;
    this.#changed = changed;
  }

  /**
   * @param {string} input
   * @returns {number | null} the value under the finger, or null when the state is to be shown
   */
  value(input) {
    return this.#held.get(input)?.value ?? null;
  }

  /**
   * @param {string} input
   * @param {number} value
   * @param {boolean} released whether the finger let go with this value
   */
  move(input, value, released) {
    const held = this.#held.get(input) ?? { value, sending: false, unsent: false, released, revision: null };
    this.#held.set(input, held);
    // The last value of a move comes twice: while moving and on letting go.
    held.unsent ||= held.value !== value || (!held.sending && held.revision === null);
    held.value = value;
    held.released = released;
    void this.#drain(input, held);
    this.#changed();
  }

  /** @param {number} revision of the state that is shown now */
  settle(revision) {
    for (const [input, held] of this.#held) {
      const answered = held.revision !== null && held.revision <= revision;
      if (held.released && !held.sending && !held.unsent && answered) this.#held.delete(input);
    }
  }

  /**
   * @param {string} input
   * @param {Held} held
   */
  async #drain(input, held) {
    if (held.sending) return;
    while (held.unsent) {
      held.unsent = false;
      held.sending = true;
      held.revision = await this.#send(input, held.value);
      held.sending = false;
      if (held.revision === null) {
        this.#held.delete(input);
        break;
      }
    }
    this.#changed();
  }
}
