/**
 * The desk above the scenes: whether to preview, which transition, what keys do, and the button that takes the preview.
 */
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { LONGEST_SECONDS } from '../studio.js';

/** @param {import('../page.js').Scope} scope */
export function studioView({ t, state, studio, actions, keysOn }) {
  const chosen = (/** @type {Event} */ event) => {
    if (event.target instanceof HTMLSelectElement) studio.choose(event.target.value);
  };
  const timed = (/** @type {Event} */ { target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    studio.setSeconds(target.valueAsNumber);
    target.value = String(studio.seconds ?? '');
  };
  return html`
    <div class="studio">
      <h2 id="scenes-heading">${t('scenes.heading')}</h2>
      <label class="choice"
        ><input type="checkbox" id="prepare" .checked=${studio.prepares} @change=${() => studio.togglePreview()} />${t('studio.prepare')}</label
      >
      <label class="choice"
        >${t('studio.transition')}
        <select id="transition" .value=${studio.choice} @change=${chosen}>
          <option value="planned">${t('studio.planned')}</option>
          <option value="cut">${t('studio.cut')}</option>
          <option value="fade">${t('studio.fade')}</option>
        </select></label
      >
      ${
        studio.choice === 'fade'
          ? html`
            <label class="choice"
              >${t('studio.seconds')}
              <input type="number" id="seconds" min="0" max=${LONGEST_SECONDS} step="0.1" inputmode="decimal" placeholder=${t('studio.planned')} .value=${String(studio.seconds ?? '')} @change=${timed}
            /></label>`
          : nothing
      }
      <label class="choice check"
        ><input type="checkbox" id="keys" .checked=${keysOn} @change=${actions.toggleKeys} />${studio.prepares ? t('scenes.keys_preview') : t('scenes.keys')}</label
      >
      ${
        studio.prepares
          ? html`
            <button type="button" id="take" class="take" ?disabled=${state.preview == null} aria-keyshortcuts=${keysOn ? 'T' : nothing} @click=${() => studio.take()}>
              <span>${state.preview == null ? t('studio.take') : t('studio.take_named', { scene: state.preview })}</span>
              <kbd aria-hidden="true">T</kbd>
            </button>`
          : nothing
      }
    </div>`;
}

/**
 * What comes on air next, as far as the small pictures of the sources show it.
 *
 * @param {import('../page.js').Scope} scope
 */
export function previewView({ t, state, studio }) {
  if (!studio.prepares) return nothing;
  const scene = state.preview;
  return html`
    <section class="preview" aria-labelledby="preview-heading">
      <div class="section-head">
        <h2 id="preview-heading">${t('preview.heading')}</h2>
        ${scene == null ? nothing : html`<p class="badge next"><span class="shape ring" aria-hidden="true"></span>${t('preview.next', { scene })}</p>`}
      </div>
      <div class="monitor">
        ${scene == null ? html`<p class="monitor-note">${t('preview.none')}</p>` : html`<canvas data-scene=${scene} width="480" height="270" aria-hidden="true"></canvas>`}
      </div>
    </section>`;
}
