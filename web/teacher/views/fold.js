/**
 * A panel that can be folded up by its heading.
 */
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/**
 * @param {import('../page.js').Scope} scope
 * @param {string} name of the panel: its class, and the beginning of the heading's id
 * @param {string} heading
 * @param {unknown} content
 * @param {unknown} [badge] what is seen beside the heading, also while the panel is folded
 */
export function foldView({ folds }, name, heading, content, badge = nothing) {
  const toggled = (/** @type {Event} */ event) => {
    if (event.target instanceof HTMLDetailsElement) folds.set(name, event.target.open);
  };
  return html`
    <section class="panel ${name}" aria-labelledby="${name}-heading">
      <details ?open=${folds.isOpen(name)} data-fold=${name} @toggle=${toggled}>
        <summary><h2 id="${name}-heading">${heading}</h2>${badge}</summary>
        <div class="fold">${content}</div>
      </details>
    </section>`;
}
