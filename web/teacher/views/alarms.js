/**
 * What is wrong now, with the sentence that says what to do, and a button where a command can mend it.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/** @param {import('../page.js').Scope} scope */
export function alarmsView({ t, say, state, actions }) {
  const alarms = state.alarms ?? [];
  return html`
    <section class="alarms" role="alert" aria-label=${t('alarms.heading')}>
      ${repeat(
        alarms,
        ({ code, sentence, source }) => `${code} ${source} ${sentence}`,
        ({ code, sentence, reason, method, params, source }) => html`
          <p class="alarm" data-alarm=${code}>
            <span class="shape warn" aria-hidden="true"></span>
            <span class="alarm-text"><strong>${t('alarms.word')}</strong> ${say({ sentence, reason })}</span>
            ${
              method === 'source.restart' && source
                ? html`<button type="button" class="small" data-mend=${source} @click=${() => actions.restart(source)}>
                    ${t('sources.restart_named', { source })}
                  </button>`
                : nothing
            }
            ${
              method === 'audio.set' && source
                ? html`<button
                    type="button"
                    class="small"
                    data-quieter=${source}
                    @click=${() => actions.moveFader(source, Number(params?.gain), true)}
                  >
                    ${t('alarms.quieter', { source })}
                  </button>`
                : nothing
            }
          </p>`,
      )}
    </section>`;
}
