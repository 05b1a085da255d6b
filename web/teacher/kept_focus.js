/**
 * The focus of the page through an outage. What is inert loses the focus; who uses a keyboard goes on where they were.
 */
export class KeptFocus {
  /** @type {Element | null} */
  #last = null;
  #usable = true;

  constructor() {
    document.addEventListener('focusin', ({ target }) => {
      this.#last = target instanceof Element ? target : null;
    });
    document.addEventListener('pointerdown', () => {
      this.#last = null;
    });
  }

  /** @param {boolean} usable whether what is shown can be used now */
  keep(usable) {
    if (usable === this.#usable) return;
    this.#usable = usable;
    const { activeElement } = document;
    if (!usable || !(this.#last instanceof HTMLElement) || !this.#last.isConnected) return;
    if (activeElement === null || activeElement === document.body) this.#last.focus({ preventScroll: true });
  }
}
