/**
 * Keys that work on the whole page. What they do belongs to the features; here it is decided whether a key is meant for
 * the page, or for the place where somebody types.
 */
import { recall, remember } from '../lib/storage.js';

/** @import {Key} from './feature.d.ts' */

/** Where a character is text, not a command. */
const TYPING =
  'textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [type=button])';

export class Keys {
  #list;
  #changed;
  #on = recall('keys') !== 'off';

  /**
   * @param {Key[]} list
   * @param {() => void} changed
   */
  constructor(list, changed) {
    this.#list = list;
    this.#changed = changed;
  }

  /** Whether keys do anything; the teacher may turn them off. */
  get on() {
    return this.#on;
  }

  toggle() {
    this.#on = !this.#on;
    remember('keys', this.#on ? 'on' : 'off');
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (!this.#on || isOther(event)) return;
    const { target, key } = event;
    const within = (/** @type {string} */ places) => target instanceof Element && target.closest(places) !== null;
    const meant = this.#list.find((each) => each.key.test(key));
    if (!meant || within(TYPING) || (meant.taken && within(meant.taken))) return;
    if (meant.press(key)) event.preventDefault();
  }
}

/**
 * @param {KeyboardEvent} event
 * @returns {boolean} whether the key belongs to the browser, to an input method or to a dialog
 */
function isOther(event) {
  const { ctrlKey, altKey, metaKey, shiftKey, repeat, isComposing } = event;
  if (ctrlKey || altKey || metaKey || shiftKey || repeat || isComposing) return true;
  return document.querySelector('dialog[open]') !== null;
}
