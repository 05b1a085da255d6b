/**
 * What is missing in the picture, and what is shown instead, in a line below the picture.
 */
import { element } from '../elements.js';

/**
 * @import {StandIns as StandInsMessage} from '../../lib/protocol.d.ts'
 * @import {State} from '../../lib/receiver.js'
 * @import {Feature, Frame} from '../feature.d.ts'
 */

/** @implements {Feature} */
export class StandIns {
  #translator;
  #line = element('stand-ins', HTMLElement);
  /** @type {StandInsMessage['sources']} */
  #sources = [];
  #live = false;

  news = {
    'stand-ins': (/** @type {StandInsMessage} */ { sources }) => {
      this.#sources = Array.isArray(sources) ? sources : [];
      this.#show();
    },
    // What is missing now is said again after each welcome.
    welcome: () => {
      this.#sources = [];
      this.#show();
    },
  };

  /** @param {Frame} frame */
  constructor({ translator }) {
    this.#translator = translator;
  }

  /** @param {State} state */
  changed(state) {
    this.#live = state === 'live' || state === 'sound-only';
    this.#show();
  }

  #show() {
    const { t } = this.#translator;
    const sentences = this.#sources.map(({ source, stand_in: standIn }) =>
      standIn === null ? t('stand_in.card', { source }) : t('stand_in.source', { source, stand_in: standIn }),
    );
    this.#line.textContent = this.#live ? sentences.join(' ') : '';
  }
}
