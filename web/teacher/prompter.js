/**
 * The run of show: what comes next, when, and asking for it.
 *
 * @typedef {object} Cue
 * @property {string} title
 * @property {string | null} scene
 * @property {{source: string, page: number} | null} slide
 * @property {string | null} at ISO 8601
 * @property {string} state `done`, `passed`, `next` or `coming`
 *
 * @typedef {object} Cues
 * @property {string} mode `automatic`, or `held` since the teacher put something on air
 * @property {number | null} next place in the list, from 0
 * @property {number | null} left seconds until the next one comes, when it was told
 * @property {number} due how many wait for the teacher
 * @property {Cue[]} list
 */
export class Prompter {
  #ask;
  /** @type {Cues | null} */
  #told = null;
  #toldAt = 0;

  /** @param {(method: string, params: Record<string, unknown>) => Promise<number | null>} ask gives a command */
  constructor(ask) {
    this.#ask = ask;
  }

  next() {
    void this.#ask('cue.next', {});
  }

  /**
   * @param {Cues} cues as they were told; the time since then is taken off
   * @returns {number | null} seconds until the next cue comes by itself
   */
  left(cues) {
    if (cues !== this.#told) {
      this.#told = cues;
      this.#toldAt = performance.now();
    }
    return cues.left === null ? null : Math.max(0, cues.left - (performance.now() - this.#toldAt) / 1000);
  }
}
