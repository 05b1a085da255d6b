/**
 * What keys mean on the whole page: 1 to 9 are the first nine scenes, T takes the preview, Page Up and Page Down turn
 * slides, as the remote controls of presenters do.
 *
 * @typedef {object} Reach what keys act on
 * @property {import('./studio.js').Studio} studio
 * @property {import('./slides.js').Slides} slides
 * @property {() => import('./model.js').Model} model
 *
 * @typedef {{does: 'scene', index: number} | {does: 'take'} | {does: 'turn', step: number}} Meaning
 */

import { recall, remember } from '../lib/memory.js';
import { deckOfKeys } from './slides.js';

/** Where a character is text, not a command. */
const TYPING =
  'textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [type=button])';

/** Where Page Up and Page Down move something already. */
const PAGING = `${TYPING}, input[type=range]`;

export class Keys {
  #reach;
  #on = recall('keys') !== 'off';

  /** @param {Reach} reach */
  constructor(reach) {
    this.#reach = reach;
  }

  get on() {
    return this.#on;
  }

  toggle() {
    this.#on = !this.#on;
    remember('keys', this.#on ? 'on' : 'off');
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const meaning = this.#on ? meaningOf(event) : null;
    if (meaning !== null && this.#carryOut(meaning)) event.preventDefault();
  }

  /**
   * @param {Meaning} meaning
   * @returns {boolean} whether it meant anything now
   */
  #carryOut(meaning) {
    const { studio, slides } = this.#reach;
    const model = this.#reach.model();
    switch (meaning.does) {
      case 'scene': {
        const scene = model.sceneNames[meaning.index];
        if (scene !== undefined) studio.press(scene);
        return scene !== undefined;
      }
      case 'take':
        if (studio.prepares) void studio.take();
        return studio.prepares;
      case 'turn': {
        const deck = deckOfKeys(model.state);
        if (deck !== null) slides.turn(deck, meaning.step);
        return deck !== null;
      }
    }
  }
}

/**
 * @param {KeyboardEvent} event
 * @returns {Meaning | null} null when the key means nothing here, or something else
 */
function meaningOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat || event.isComposing)
    return null;
  if (document.querySelector('dialog[open]')) return null;
  const within = (/** @type {string} */ places) => event.target instanceof Element && event.target.closest(places);
  if (event.key === 'PageUp' || event.key === 'PageDown')
    return within(PAGING) ? null : { does: 'turn', step: event.key === 'PageDown' ? 1 : -1 };
  if (within(TYPING)) return null;
  if (event.key.toLowerCase() === 't') return { does: 'take' };
  return /^[1-9]$/.test(event.key) ? { does: 'scene', index: Number(event.key) - 1 } : null;
}
