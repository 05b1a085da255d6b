/**
 * What is wrong now, with the sentence that says what to do, and a button where a command can mend it.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/** @param {import('../page.js').Scope} scope */
export function alarmsView({ t, state, actions }) {
  const alarms = state.alarms ?? [];
  return html`
    <section class="alarms" role="alert" aria-label=${t('alarms.heading')}>
      ${repeat(
        alarms,
        ({ code, sentence, source }) => `${code} ${source} ${sentence}`,
        ({ code, sentence, method, source }) => html`
          <p class="alarm" data-alarm=${code}>
            <span class="shape warn" aria-hidden="true"></span>
            <span class="alarm-text"><strong>${t('alarms.word')}</strong> ${sentence}</span>
            ${
              method === 'source.restart' && source
                ? html`<button type="button" class="small" data-mend=${source} @click=${() => actions.restart(source)}>
                    ${t('sources.restart_named', { source })}
                  </button>`
                : nothing
            }
          </p>`,
      )}
    </section>`;
}
