/**
 * What is wrong now, with the sentence that says what to do.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html } from '../../vendor/lit-html/lit-html.js';

/** @param {import('../page.js').Scope} scope */
export function alarmsView({ t, state }) {
  const alarms = state.alarms ?? [];
  return html`
    <section class="alarms" role="alert" aria-label=${t('alarms.heading')}>
      ${repeat(
        alarms,
        ({ code, sentence }) => `${code} ${sentence}`,
        ({ code, sentence }) => html`
          <p class="alarm" data-alarm=${code}>
            <span class="shape warn" aria-hidden="true"></span>
            <span><strong>${t('alarms.word')}</strong> ${sentence}</span>
          </p>`,
      )}
    </section>`;
}
