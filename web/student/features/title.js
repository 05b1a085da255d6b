/**
 * The title of the lesson, as the heading and as the name of the page. Until the broadcaster tells it, a general one.
 */
import { element } from '../elements.js';

/** @import {Feature, Frame} from '../feature.d.ts' */

/** @implements {Feature} */
export class Title {
  #translator;
  #heading = element('title', HTMLElement);

  news = {
    welcome: (/** @type {{title: string | null}} */ { title }) => this.#show(title),
    waiting: (/** @type {{title: string | null}} */ { title }) => this.#show(title),
  };

  /** @param {Frame} frame */
  constructor({ translator }) {
    this.#translator = translator;
  }

  translated() {
    if (this.#heading.hasAttribute('data-text')) document.title = this.#translator.t('student.title');
  }

  /** @param {string | null} title */
  #show(title) {
    if (!title) return;
    this.#heading.removeAttribute('data-text');
    this.#heading.textContent = title;
    document.title = title;
  }
}
