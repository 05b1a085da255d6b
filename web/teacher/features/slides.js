/**
 * The slides: which page is shown, and turning to another.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { foldView } from '../fold.js';
import { inOrder } from '../model.js';

/**
 * @import {SourceEntry} from '../../lib/protocol.d.ts'
 * @import {Controller, Feature, Frame, Key, Scope} from '../feature.d.ts'
 * @import {LessonState} from '../model.js'
 */

/** @implements {Controller} */
class Slides {
  #frame;

  /** Page Up and Page Down, as the remote controls of presenters send them. @type {Key[]} */
  keys = [{ key: /^Page(Up|Down)$/, press: (key) => this.#press(key) }];

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /**
   * @param {string} source
   * @param {number} step to the next page or the one before; there is none beyond the ends
   */
  turn(source, step) {
    if (canTurn(this.#frame.state().sources?.[source], step)) void this.#frame.ask('slides.goto', { source, step });
  }

  /**
   * @param {string} source
   * @param {number} page from 1
   */
  goTo(source, page) {
    void this.#frame.ask('slides.goto', { source, page });
  }

  /** @param {string} key */
  #press(key) {
    const deck = deckOfKeys(this.#frame.state());
    if (deck !== null) this.turn(deck, key === 'PageDown' ? 1 : -1);
    return deck !== null;
  }
}

/**
 * @param {Readonly<LessonState>} state
 * @returns {[name: string, source: SourceEntry][]}
 */
function decks(state) {
  return inOrder(state, 'sources', state.sources).filter(([, { kind }]) => kind === 'slides');
}

/**
 * @param {Readonly<LessonState>} state
 * @returns {string | null} the slides that the keys turn: those on air, else the only ones
 */
function deckOfKeys(state) {
  const names = decks(state).map(([name]) => name);
  const shown = state.scenes?.[state.program?.scene ?? '']?.show ?? [];
  return names.find((name) => shown.includes(name)) ?? (names.length === 1 ? (names[0] ?? null) : null);
}

/**
 * @param {SourceEntry | undefined} source
 * @param {number} step
 * @returns {boolean} whether there is a page that many further
 */
function canTurn(source, step) {
  if (source?.page == null || source.pages == null) return false;
  const page = source.page + step;
  return page >= 1 && page <= source.pages;
}

/**
 * @param {Scope} scope
 * @param {Slides} slides
 */
function slidesView(scope, slides) {
  const { t, state, keys } = scope;
  const all = decks(state);
  if (all.length === 0) return nothing;
  const source = keys.on ? deckOfKeys(state) : null;
  return foldView(
    scope,
    'slides',
    t('slides.heading'),
    html`
      ${repeat(
        all,
        ([name]) => name,
        ([name, deck]) => deckView(t, slides, name, deck),
      )}
      ${source === null ? nothing : html`<p class="quiet keys-hint">${t('slides.keys', { source })}</p>`}`,
  );
}

/**
 * @param {Scope['t']} t
 * @param {Slides} slides
 * @param {string} name
 * @param {SourceEntry} source
 */
function deckView(t, slides, name, source) {
  const pages = source.pages ?? null;
  // Not `disabled`: on the last page that would take the focus away.
  const turn = (/** @type {number} */ step, /** @type {string} */ text, /** @type {string} */ label) => html`
    <button type="button" data-turn="${name} ${step}" aria-label=${label} aria-disabled=${!canTurn(source, step)} @click=${() => slides.turn(name, step)}>${text}</button>`;
  const submitted = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const page = event.target.elements.namedItem('page');
    if (!(page instanceof HTMLInputElement)) return;
    slides.goTo(name, page.valueAsNumber);
    page.value = '';
  };
  return html`
    <div class="deck" data-deck=${name}>
      <h3>${name}</h3>
      <p class="deck-page" role="status">${pages === null || source.page == null ? t('slides.unknown') : t('slides.page', { page: source.page, pages })}</p>
      <div class="deck-turn">
        ${turn(-1, t('slides.previous'), t('slides.previous_named', { source: name }))}
        ${turn(1, t('slides.next'), t('slides.next_named', { source: name }))}
      </div>
      <form class="deck-go" @submit=${submitted}>
        <input type="number" name="page" required min="1" max=${pages ?? nothing} step="1" inputmode="numeric" aria-label=${t('slides.number', { source: name })} />
        <button type="submit" aria-label=${t('slides.go_named', { source: name })}>${t('slides.go')}</button>
      </form>
    </div>`;
}

/** @type {Feature<Slides>} */
export const slides = {
  controller: (frame) => new Slides(frame),
  view: { main: slidesView },
  place: { main: 30 },
};
