/**
 * Raised hands, the first to go up first: who waits to speak, since when, and lowering one or all of them.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/**
 * @import {StudentEntry} from '../../lib/protocol.d.ts'
 * @import {Feature, Frame, Scope} from '../feature.d.ts'
 */

class Hands {
  #frame;
  /** Whether a button was pressed, which may go with its hand. */
  #pressed = false;

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {string | null} id null for all */
  lower(id) {
    this.#pressed = true;
    void this.#frame.ask('hand.lower', { id });
  }

  drawn() {
    const { activeElement } = document;
    if (!this.#pressed || activeElement instanceof HTMLButtonElement) return;
    this.#pressed = false;
    // Who uses a keyboard goes on at the first hand that is still up, or at the heading of the students.
    const next = document.querySelector('[data-lower]') ?? document.getElementById('students-heading');
    if (activeElement === document.body && next instanceof HTMLElement) next.focus({ preventScroll: true });
  }
}

/**
 * @param {Scope['state']} state
 * @returns {[id: string, student: StudentEntry][]}
 */
function queue({ students = {} }) {
  const up = Object.entries(students).filter(([, student]) => student.hand);
  return up.sort(([, a], [, b]) => String(a.raised).localeCompare(String(b.raised)));
}

/**
 * @param {Scope} scope
 * @param {Hands} controller
 */
function handsView({ t, state, time }, controller) {
  const hands = queue(state);
  const count = hands.length;
  return html`
    <p id="hands-news" class="visually-hidden" role="status">${count > 0 ? t('hands.heading', { count }) : ''}</p>
    ${
      count === 0
        ? nothing
        : html`
          <section class="lobby hands" aria-labelledby="hands-heading">
            <div class="lobby-head">
              <h3 id="hands-heading"><span aria-hidden="true">✋</span> ${t('hands.heading', { count })}</h3>
              ${count > 1 ? html`<button type="button" id="lower-all" class="small" @click=${() => controller.lower(null)}>${t('hands.lower_all')}</button>` : nothing}
            </div>
            <ol>
              ${repeat(
                hands,
                ([id]) => id,
                ([id, student]) => html`
                  <li data-hand=${id}>
                    <bdi class="who">${student.name}</bdi>
                    <span class="quiet">${student.state === 'gone' ? t('student_state.gone') : time(String(student.raised))}</span>
                    <button type="button" class="small" data-lower=${id} aria-label=${t('hands.lower_named', { name: student.name })} @click=${() => controller.lower(id)}>${t('hands.lower')}</button>
                  </li>`,
              )}
            </ol>
          </section>`
    }`;
}

/** @type {Feature<Hands>} */
export const hands = {
  controller: (frame) => new Hands(frame),
  view: { students: handsView },
  place: { students: 10 },
};
