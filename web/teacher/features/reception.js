/**
 * What students really get: the button of the alarms that a new connection may help against.
 */
import { html } from '../../vendor/lit-html/lit-html.js';

/**
 * @import {AlarmEntry} from '../../lib/protocol.d.ts'
 * @import {Controller, Feature, Frame, Scope} from '../feature.d.ts'
 */

/** @implements {Controller} */
class Reception {
  #frame;

  remedies = {
    'student.reconnect': (/** @type {Scope} */ { t }, /** @type {AlarmEntry} */ { code, params }) =>
      html`<button type="button" class="small" data-reconnect=${code} @click=${() => this.#reconnect(params)}>
        ${t('students.reconnect')}
      </button>`,
  };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {AlarmEntry['params']} params */
  #reconnect({ id }) {
    void this.#frame.ask('student.reconnect', { id });
  }
}

/** @type {Feature<Reception>} */
export const reception = { controller: (frame) => new Reception(frame), place: {} };
