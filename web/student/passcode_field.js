/**
 * The field for the lesson's passcode. It is shown only after the server has said that it wants one, and what was typed
 * is kept for this tab alone, so that a page that reconnects need not ask again.
 */
import { recallInTab, rememberInTab } from '../lib/memory.js';
import { element } from './elements.js';

export class PasscodeField {
  #part = element('passcode-part', HTMLElement);
  #input = element('passcode', HTMLInputElement);
  #fault = element('passcode-fault', HTMLElement);
  #value = recallInTab('passcode') ?? '';

  constructor() {
    this.#input.addEventListener('input', () => this.#showFault(false));
  }

  /** What to sign in with; empty where nothing was asked for. */
  get value() {
    return this.#value;
  }

  /** Takes what was typed, where the field is shown. */
  take() {
    if (this.#part.hidden) return;
    this.#value = this.#input.value.trim();
    rememberInTab('passcode', this.#value);
  }

  /** The server wants one, or another one than it got. */
  ask() {
    this.#part.hidden = false;
    this.#input.required = true;
    this.#showFault(this.#value !== '');
    this.#input.value = this.#value;
    this.#value = '';
    rememberInTab('passcode', null);
    this.#input.focus();
    this.#input.select();
  }

  /** @param {boolean} wrong */
  #showFault(wrong) {
    this.#fault.hidden = !wrong;
    this.#input.setAttribute('aria-invalid', String(wrong));
  }
}
