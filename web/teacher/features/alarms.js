/**
 * What is wrong now, with a sentence that says what to do, and a button where a command can help.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html } from '../../vendor/lit-html/lit-html.js';

/** @import {Feature, Scope} from '../feature.d.ts' */

/** @param {Scope} scope */
function alarmsView({ t, say, state, remedy }) {
  const alarms = state.alarms ?? [];
  return html`
    <section class="alarms" role="alert" aria-label=${t('alarms.heading')}>
      ${repeat(
        alarms,
        ({ code, sentence, source }) => `${code} ${source} ${sentence}`,
        (alarm) => html`
          <p class="alarm" data-alarm=${alarm.code}>
            <span class="shape warn" aria-hidden="true"></span>
            <span class="alarm-text"><strong>${t('alarms.word')}</strong> ${say(alarm)}</span>
            ${remedy(alarm)}
          </p>`,
      )}
    </section>`;
}

/** @type {Feature} */
export const alarms = { view: { alarms: alarmsView }, place: { alarms: 10 } };
