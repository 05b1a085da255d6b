/**
 * Raising a hand: the button, and the place in the queue while the hand is up. Nothing of the student is sent but that.
 */
import { element } from '../elements.js';

/**
 * @import {ClassNews} from '../../lib/protocol.d.ts'
 * @import {State} from '../../lib/receiver.js'
 * @import {Feature, Frame} from '../feature.d.ts'
 */

/** @implements {Feature} */
export class Hand {
  #frame;
  #button = element('hand', HTMLButtonElement);
  #line = element('hand-place', HTMLElement);
  /** What the broadcaster said last, null before it has. @type {Pick<ClassNews, 'hand' | 'floor'> | null} */
  #class = null;
  /** What a press has asked for and nobody has confirmed yet. @type {boolean | null} */
  #asked = null;
  #over = false;

  news = {
    class: (/** @type {ClassNews} */ { hand, floor }) => {
      this.#class = { hand: hand ?? { up: false }, floor: floor === true };
      this.#asked = null;
      this.#show();
    },
  };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
    this.#button.addEventListener('click', () => {
      this.#asked = !this.#up;
      frame.send({ type: 'hand', up: this.#asked });
      this.#show();
    });
  }

  joining() {
    this.#class = null;
    this.#asked = null;
    this.#show();
  }

  /** @param {State} state */
  changed(state) {
    this.#over = state === 'ended' || state === 'refused';
    this.#show();
  }

  translated() {
    this.#show();
  }

  get #up() {
    return this.#asked ?? this.#class?.hand.up ?? false;
  }

  #show() {
    const { t } = this.#frame.translator;
    const { place, of } = this.#class?.hand ?? {};
    this.#button.hidden = this.#over || !this.#class?.floor;
    this.#button.setAttribute('aria-pressed', String(this.#up));
    const placed = !this.#button.hidden && this.#up && place !== undefined && of !== undefined;
    this.#line.textContent = placed ? t('hand.place', { place, of }) : '';
  }
}
