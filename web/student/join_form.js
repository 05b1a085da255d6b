/**
 * The form before the lesson: the name, and the lesson's passcode where the server has said that it wants one. The
 * passcode is kept for this tab alone, so that a page that reconnects does not ask again.
 */
import { recall, recallInTab, remember, rememberInTab } from '../lib/storage.js';
import { element } from './elements.js';

export class JoinForm {
  #form = element('join', HTMLFormElement);
  #name = element('name', HTMLInputElement);
  #passcodePart = element('passcode-part', HTMLElement);
  #passcodeInput = element('passcode', HTMLInputElement);
  #passcodeFault = element('passcode-fault', HTMLElement);
  #passcode = recallInTab('passcode') ?? '';

  /** @param {() => void} submitted */
  constructor(submitted) {
    this.#name.value ||= recall('name') ?? ''; // somebody may have typed while the texts were loading
    this.#passcodeInput.addEventListener('input', () => this.#showFault(false));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      remember('name', this.#name.value.trim());
      this.#takePasscode();
      submitted();
    });
    const receives = 'RTCPeerConnection' in globalThis;
    element('old-browser', HTMLElement).hidden = receives;
    // Until here a click would have been lost, and on a slow line that is for seconds.
    element('join-button', HTMLButtonElement).disabled = !receives;
  }

  get name() {
    return this.#name.value.trim();
  }

  /** What to sign in with; empty where the server asks for nothing. */
  get passcode() {
    return this.#passcode;
  }

  /** @param {boolean} hidden */
  set hidden(hidden) {
    this.#form.hidden = hidden;
  }

  /** @param {Node} node */
  contains(node) {
    return this.#form.contains(node);
  }

  askName() {
    this.#name.focus();
  }

  /** The server wants a passcode, or another one than it got. */
  askPasscode() {
    this.#form.hidden = false;
    this.#passcodePart.hidden = false;
    this.#passcodeInput.required = true;
    this.#showFault(this.#passcode !== '');
    this.#passcodeInput.value = this.#passcode;
    this.#passcode = '';
    rememberInTab('passcode', null);
    this.#passcodeInput.focus();
    this.#passcodeInput.select();
  }

  #takePasscode() {
    if (this.#passcodePart.hidden) return;
    this.#passcode = this.#passcodeInput.value.trim();
    rememberInTab('passcode', this.#passcode);
  }

  /** @param {boolean} wrong */
  #showFault(wrong) {
    this.#passcodeFault.hidden = !wrong;
    this.#passcodeInput.setAttribute('aria-invalid', String(wrong));
  }
}
