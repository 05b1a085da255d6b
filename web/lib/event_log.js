/**
 * What happened on this page, for the details panel: a bounded list of lines with their time.
 *
 * A line is a key of the locale files and its parameters, so that the list can be shown in either language.
 *
 * @typedef {{at: Date, key: string, params: Record<string, string | number>}} Line
 */
export class EventLog {
  #limit;
  /** @type {Line[]} */
  #lines = [];
  /** @type {((line: Line) => void) | null} */
  #listener = null;

  /** @param {number} [limit] how many lines are kept; the oldest go first */
  constructor(limit = 200) {
    this.#limit = limit;
  }

  /** @returns {readonly Line[]} */
  get lines() {
    return this.#lines;
  }

  get limit() {
    return this.#limit;
  }

  /** @param {(line: Line) => void} listener called with every new line */
  listen(listener) {
    this.#listener = listener;
  }

  /**
   * @param {string} key
   * @param {Record<string, string | number>} [params]
   */
  add(key, params = {}) {
    const line = { at: new Date(), key, params };
    this.#lines.push(line);
    if (this.#lines.length > this.#limit) this.#lines.shift();
    this.#listener?.(line);
  }
}
