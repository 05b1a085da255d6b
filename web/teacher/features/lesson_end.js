/**
 * The end of the lesson for everybody, and the question before it.
 */
import { html } from '../../vendor/lit-html/lit-html.js';

/** @import {Feature, Frame, Scope} from '../feature.d.ts' */

class LessonEnd {
  #frame;

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  askFirst() {
    dialog()?.showModal();
  }

  async end() {
    dialog()?.close();
    if ((await this.#frame.ask('lesson.end', {})) !== null) this.#frame.end();
  }
}

function dialog() {
  const found = document.getElementById('end-dialog');
  return found instanceof HTMLDialogElement ? found : null;
}

/**
 * @param {Scope} scope
 * @param {LessonEnd} end
 */
function buttonView({ t, connected }, end) {
  return html`<button type="button" id="end" class="danger" ?disabled=${!connected} @click=${() => end.askFirst()}>${t('head.end')}</button>`;
}

/**
 * @param {Scope} scope
 * @param {LessonEnd} end
 */
function dialogView({ t, connected }, end) {
  return html`
    <dialog id="end-dialog" aria-labelledby="end-heading" aria-describedby="end-text">
      <h2 id="end-heading">${t('end.heading')}</h2>
      <p id="end-text">${t('end.text')}</p>
      <form method="dialog" class="dialog-buttons">
        <button type="submit" id="end-cancel" autofocus>${t('end.cancel')}</button>
        <button type="button" id="end-confirm" class="danger" ?disabled=${!connected} @click=${() => end.end()}>${t('end.confirm')}</button>
      </form>
    </dialog>`;
}

/** @type {Feature<LessonEnd>} */
export const lessonEnd = {
  controller: (frame) => new LessonEnd(frame),
  view: { actions: buttonView, dialogs: dialogView },
  place: { actions: 10, dialogs: 40 },
};
