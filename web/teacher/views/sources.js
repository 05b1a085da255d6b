/**
 * The sources with their state, and the way to start one again.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { foldView } from './fold.js';

/** Shapes, so that the state does not hang on the colour. */
const SHAPES = /** @type {Record<string, string>} */ ({ live: 'dot', starting: 'ring', lost: 'warn', failed: 'cross' });

/** Pictures a second below which it is no film but something that is turned or changed now and then. */
const SLOWEST = 0.5;

/** @param {import('../page.js').Scope} scope */
export function sourcesView(scope) {
  const { t, say, state, actions, number } = scope;
  const sources = Object.entries(state.sources ?? {});
  return foldView(
    scope,
    'sources',
    t('sources.heading'),
    html`
      <ul class="rows">
        ${repeat(
          sources,
          ([name]) => name,
          ([name, source]) => {
            const facts = [
              t(`kind.${source.kind}`),
              source.size ? `${source.size[0]} × ${source.size[1]}` : null,
              source.fps && source.fps >= SLOWEST ? t('unit.fps', { value: number(source.fps) }) : null,
            ].filter((fact) => fact !== null);
            return html`
              <li class="row" data-source=${name} data-state=${source.state}>
                <div class="row-text">
                  <p class="row-head">
                    <strong>${name}</strong>
                    <span class="badge ${source.state}"><span class="shape ${SHAPES[source.state] ?? 'ring'}" aria-hidden="true"></span>${t(`source_state.${source.state}`)}</span>
                  </p>
                  <p class="quiet">${facts.join(' · ')}</p>
                  ${source.why ? html`<p class="why">${say({ sentence: source.why, reason: source.reason })}</p>` : nothing}
                </div>
                <button
                  type="button"
                  class="small"
                  data-restart=${name}
                  aria-label=${t('sources.restart_named', { source: name })}
                  @click=${() => actions.restart(name)}
                >
                  ${t('sources.restart')}
                </button>
              </li>`;
          },
        )}
      </ul>`,
  );
}
