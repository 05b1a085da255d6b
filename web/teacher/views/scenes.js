/**
 * One button for each scene; the one on air and the one in the preview are marked by word, shape and colour.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { studioView } from './studio.js';

/** @param {import('../page.js').Scope} scope */
export function scenesView(scope) {
  const { t, state, studio, keysOn } = scope;
  const scenes = Object.entries(state.scenes ?? {});
  return html`
    <section class="scenes" aria-labelledby="scenes-heading">
      ${studioView(scope)}
      <div class="scene-grid">
        ${repeat(
          scenes,
          ([name]) => name,
          ([name, scene], index) => {
            const onAir = state.program?.scene === name;
            const next = state.preview === name;
            const missing = scene.show.filter(
              (source) => !['live', undefined].includes(state.sources?.[source]?.state),
            );
            return html`
              <button
                type="button"
                class="scene"
                data-scene-button=${name}
                ?data-air=${onAir}
                ?data-next=${next}
                aria-pressed=${studio.prepares ? next : onAir}
                aria-keyshortcuts=${keysOn && index < 9 ? String(index + 1) : nothing}
                @click=${() => studio.press(name)}
              >
                <span class="scene-picture"><canvas data-scene=${name} width="256" height="144" aria-hidden="true"></canvas>
                  <span class="tags">
                    ${onAir ? html`<span class="on-air"><span class="shape dot" aria-hidden="true"></span>${t('scenes.on_air')}</span>` : nothing}
                    ${next ? html`<span class="next"><span class="shape ring" aria-hidden="true"></span>${t('scenes.preview')}</span>` : nothing}
                  </span>
                </span>
                <span class="scene-line">
                  ${index < 9 ? html`<kbd aria-hidden="true">${index + 1}</kbd>` : nothing}
                  <span class="scene-name">${name}</span>
                </span>
                ${
                  missing.length > 0
                    ? html`<span class="scene-missing"><span class="shape warn" aria-hidden="true"></span>${t('scenes.missing', { sources: missing.join(', ') })}</span>`
                    : nothing
                }
              </button>`;
          },
        )}
      </div>
    </section>`;
}
