/**
 * The time since the lesson began.
 */
import { clockTime } from '../../lib/i18n.js';
import { html } from '../../vendor/lit-html/lit-html.js';

/** @import {Feature, Scope} from '../feature.d.ts' */

/** @param {Scope} scope */
function clockView({ t, elapsed }) {
  const time = elapsed === null ? '–:––' : clockTime(elapsed);
  return html`<p class="clock"><span class="visually-hidden">${t('head.clock')} </span><span id="clock">${time}</span></p>`;
}

/** @type {Feature} */
export const clock = { view: { clock: clockView }, place: { clock: 10 } };
