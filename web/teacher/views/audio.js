/**
 * The audio strips: meter, fader and mute button of each input, and how else it is heard.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { foldView } from './fold.js';
import { inputView } from './input.js';

export const LOWEST_DB = -60;
export const HIGHEST_DB = 20;

/** @param {import('../page.js').Scope} scope */
export function audioView(scope) {
  const { t, state, faders, actions, decibels, say } = scope;
  const inputs = Object.entries(state.audio ?? {});
  return foldView(
    scope,
    'audio',
    t('audio.heading'),
    html`
      ${inputs.length === 0 ? html`<p class="quiet">${t('audio.none')}</p>` : nothing}
      ${repeat(
        inputs,
        ([name]) => name,
        ([name, input]) => {
          const gain = faders.value(name) ?? input.gain;
          const moved = (/** @type {Event} */ event) => {
            if (event.target instanceof HTMLInputElement) {
              actions.moveFader(name, Number(event.target.value), event.type === 'change');
            }
          };
          return html`
            <div class="strip" data-strip=${name} data-muted=${input.muted}>
              <div class="strip-head">
                <h3>${name}</h3>
                ${input.state === 'live' ? nothing : html`<span class="badge warn"><span class="shape warn" aria-hidden="true"></span>${t(`source_state.${input.state}`)}</span>`}
                ${input.muted ? html`<span class="badge warn muted"><span class="shape cross" aria-hidden="true"></span>${t('audio.muted')}</span>` : nothing}
                <span class="gain">${decibels(gain)}</span>
              </div>
              <div class="meter" data-meter=${name} aria-hidden="true"><span class="bar"></span><span class="peak"></span></div>
              <div class="strip-row">
                <input
                  type="range"
                  data-fader=${name}
                  min=${LOWEST_DB}
                  max=${HIGHEST_DB}
                  step="0.5"
                  aria-label=${t('audio.gain', { input: name })}
                  aria-valuetext=${decibels(gain)}
                  @input=${moved}
                  @change=${moved}
                />
                <button
                  type="button"
                  class="mute"
                  data-mute=${name}
                  aria-pressed=${input.muted}
                  aria-label=${t('audio.mute_named', { input: name })}
                  @click=${() => actions.setMuted(name, !input.muted)}
                >
                  ${t('audio.mute')}
                </button>
              </div>
              ${
                input.why
                  ? html`
                    <p class="quiet" data-why=${name}>${say({ sentence: input.why, reason: input.reason })}
                      <button
                        type="button"
                        data-keep-muted=${name}
                        aria-label=${t('audio.keep_muted_named', { input: name })}
                        @click=${() => actions.setMuted(name, true)}
                      >
                        ${t('audio.keep_muted')}
                      </button>
                    </p>`
                  : nothing
              }
              ${inputView(scope, name, input)}
            </div>`;
        },
      )}`,
  );
}
