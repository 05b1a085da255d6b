/**
 * Panels that can be folded up by their heading; this browser remembers which are.
 */
import { recall, remember } from '../lib/storage.js';
import { html } from '../vendor/lit-html/lit-html.js';

/** @import {Scope} from './feature.d.ts' */

export class Folds {
  /** @param {string} name */
  isOpen(name) {
    return recall(`fold.${name}`) !== 'closed';
  }

  /**
   * @param {string} name
   * @param {boolean} open
   */
  set(name, open) {
    if (open !== this.isOpen(name)) remember(`fold.${name}`, open ? 'open' : 'closed');
  }
}

/**
 * @param {Scope} scope
 * @param {string} name of the panel: its class, and the beginning of the heading's id
 * @param {string} heading
 * @param {unknown} content
 */
export function foldView({ folds }, name, heading, content) {
  const toggled = (/** @type {Event} */ event) => {
    if (event.target instanceof HTMLDetailsElement) folds.set(name, event.target.open);
  };
  return html`
    <section class="panel ${name}" aria-labelledby="${name}-heading">
      <details ?open=${folds.isOpen(name)} data-fold=${name} @toggle=${toggled}>
        <summary><h2 id="${name}-heading">${heading}</h2></summary>
        <div class="fold">${content}</div>
      </details>
    </section>`;
}
