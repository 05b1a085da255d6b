/**
 * The sources with their state, and the button that starts one again.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { foldView } from '../fold.js';
import { inOrder } from '../model.js';

/**
 * @import {AlarmEntry} from '../../lib/protocol.d.ts'
 * @import {Controller, Feature, Frame, Scope} from '../feature.d.ts'
 */

/** Shapes, so that the state does not depend on the colour. */
const SHAPES = /** @type {Record<string, string>} */ ({ live: 'dot', starting: 'ring', lost: 'warn', failed: 'cross' });

/** A source with fewer pictures a second is not a film: it is turned or changed now and then. */
const SLOWEST = 0.5;

/** @implements {Controller} */
class Sources {
  #frame;

  remedies = {
    'source.restart': (/** @type {Scope} */ { t }, /** @type {AlarmEntry} */ { source }) =>
      source
        ? html`<button type="button" class="small" data-mend=${source} @click=${() => this.restart(source)}>
            ${t('sources.restart_named', { source })}
          </button>`
        : nothing,
  };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {string} source */
  restart(source) {
    void this.#frame.ask('source.restart', { source });
  }
}

/**
 * @param {Scope} scope
 * @param {Sources} controller
 */
function sourcesView(scope, controller) {
  const { t, say, state, number } = scope;
  return foldView(
    scope,
    'sources',
    t('sources.heading'),
    html`
      <ul class="rows">
        ${repeat(
          inOrder(state, 'sources', state.sources),
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
                  @click=${() => controller.restart(name)}
                >
                  ${t('sources.restart')}
                </button>
              </li>`;
          },
        )}
      </ul>`,
  );
}

/** @type {Feature<Sources>} */
export const sources = {
  controller: (frame) => new Sources(frame),
  view: { side: sourcesView },
  place: { side: 20 },
};
