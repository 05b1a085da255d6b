/**
 * Turning the pages of slides.
 *
 * @typedef {import('./model.js').LessonState} LessonState
 * @typedef {import('./model.js').Source} Source
 */

/**
 * @param {Readonly<LessonState>} state
 * @returns {[name: string, source: Source][]}
 */
export function decks(state) {
  return Object.entries(state.sources ?? {}).filter(([, { kind }]) => kind === 'slides');
}

/**
 * @param {Readonly<LessonState>} state
 * @returns {string | null} the slides that the keys turn: those on air, else the only ones
 */
export function deckOfKeys(state) {
  const names = decks(state).map(([name]) => name);
  const shown = state.scenes?.[state.program?.scene ?? '']?.show ?? [];
  return names.find((name) => shown.includes(name)) ?? (names.length === 1 ? (names[0] ?? null) : null);
}

export class Slides {
  #ask;
  #state;

  /**
   * @param {(method: string, params: Record<string, unknown>) => Promise<number | null>} ask gives a command; null when
   *   it failed
   * @param {() => Readonly<LessonState>} state
   */
  constructor(ask, state) {
    this.#ask = ask;
    this.#state = state;
  }

  /**
   * @param {string} source
   * @param {number} step to the next page or the one before; beyond the ends there is none
   */
  turn(source, step) {
    if (canTurn(this.#state().sources?.[source], step)) void this.#ask('slides.goto', { source, step });
  }

  /**
   * @param {string} source
   * @param {number} page from 1
   */
  goTo(source, page) {
    void this.#ask('slides.goto', { source, page });
  }
}

/**
 * @param {Source | undefined} source
 * @param {number} step
 * @returns {boolean} whether there is a page that many further
 */
export function canTurn(source, step) {
  if (source?.page == null || source.pages == null) return false;
  const page = source.page + step;
  return page >= 1 && page <= source.pages;
}
