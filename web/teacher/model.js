/**
 * The state of the lesson as the broadcaster tells it. The page is drawn from this and nothing else.
 *
 * @import {State} from '../lib/protocol.d.ts'
 * @typedef {Partial<State>} LessonState nothing is known at first, and a newer broadcaster may leave sections out
 */
/** As many messages as the broadcaster keeps. */
const MOST_MESSAGES = 200;

export class Model {
  /** @type {LessonState} */
  #state = {};
  #revision = -1;
  /** When the lesson began, in milliseconds of `performance.now()`. */
  #begun = /** @type {number | null} */ (null);

  get revision() {
    return this.#revision;
  }

  get known() {
    return this.#revision >= 0;
  }

  /** @returns {Readonly<LessonState>} */
  get state() {
    return this.#state;
  }

  /**
   * The reply to hello: the whole state. The revision may be lower than before, as the broadcaster may have restarted.
   *
   * @param {{revision: number, state: LessonState}} result
   */
  begin({ revision, state }) {
    this.#state = state;
    this.#revision = revision;
    this.#setClock();
  }

  /**
   * A `state` notification: the sections that changed, each whole.
   *
   * @param {{revision: number} & LessonState} change
   * @returns {boolean} whether it was news
   */
  change({ revision, ...sections }) {
    if (revision <= this.#revision) return false;
    this.#revision = revision;
    this.#state = { ...this.#state, ...sections };
    if (sections.lesson) this.#setClock();
    return true;
  }

  /**
   * What is new in a section that is too large to be told whole.
   *
   * @param {string} section
   * @param {any} news
   * @returns {boolean} whether it was that
   */
  add(section, { revision, added, changed = {}, gone = [], removed = [] }) {
    if (section !== 'chat' && section !== 'students') return false;
    if (revision <= this.#revision) return false;
    this.#revision = revision;
    const { chat = [], students = {} } = this.#state;
    if (section === 'chat') {
      const kept = chat.filter(({ id }) => !removed.includes(id));
      this.#state = { ...this.#state, chat: [...kept, ...added].slice(-MOST_MESSAGES) };
    } else {
      const all = { ...students, ...changed };
      for (const id of gone) delete all[id];
      this.#state = { ...this.#state, students: all };
    }
    return true;
  }

  /** @returns {number | null} seconds since the lesson began */
  get elapsed() {
    return this.#begun === null ? null : (performance.now() - this.#begun) / 1000;
  }

  #setClock() {
    const elapsed = this.#state.lesson?.elapsed;
    this.#begun = typeof elapsed === 'number' ? performance.now() - elapsed * 1000 : null;
  }
}

/**
 * @template Entry
 * @param {LessonState} state
 * @param {keyof import('../lib/protocol.d.ts').NameOrder} section
 * @param {Record<string, Entry>} [entries] what the section holds
 * @returns {[name: string, entry: Entry][]} in the order of the lesson file; an object would begin with names that are numbers
 */
export function inOrder(state, section, entries = {}) {
  const names = state.lesson?.order?.[section] ?? [];
  const place = new Map(names.map((name, index) => [name, index]));
  return Object.entries(entries).sort(([a], [b]) => (place.get(a) ?? names.length) - (place.get(b) ?? names.length));
}
