/**
 * The slides: which page is shown, and turning to another.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { canTurn, deckOfKeys, decks } from '../slides.js';
import { foldView } from './fold.js';

/** @typedef {import('../model.js').Source} Source */

/** @param {import('../page.js').Scope} scope */
export function slidesView(scope) {
  const { t, state, keysOn } = scope;
  const all = decks(state);
  if (all.length === 0) return nothing;
  const keys = keysOn ? deckOfKeys(state) : null;
  return foldView(
    scope,
    'slides',
    t('slides.heading'),
    html`
      ${repeat(
        all,
        ([name]) => name,
        ([name, source]) => deckView(scope, name, source),
      )}
      ${keys === null ? nothing : html`<p class="quiet keys-hint">${t('slides.keys', { source: keys })}</p>`}`,
  );
}

/**
 * @param {import('../page.js').Scope} scope
 * @param {string} name
 * @param {Source} source
 */
function deckView({ t, slides }, name, source) {
  const pages = source.pages ?? null;
  // Not `disabled`: that would take the keyboard's place away on the last page.
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
