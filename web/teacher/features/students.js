/**
 * The students: who is there, who waits to be let in, and sending one away, with the question before it.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/**
 * @import {StudentEntry} from '../../lib/protocol.d.ts'
 * @import {Feature, Frame, Scope} from '../feature.d.ts'
 */

/** @typedef {[id: string, student: StudentEntry]} Entry */

/** The student that the dialog asks about; a copy, because the student may leave meanwhile. */
/** @typedef {{id: string, name: string, waits: boolean, gone: boolean}} Asked */

class Students {
  #frame;
  /** @type {Asked | null} */
  asked = null;

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {string} id */
  admit(id) {
    void this.#frame.ask('student.admit', { id });
  }

  admitAll() {
    void this.#frame.ask('student.admit', { id: null });
  }

  /**
   * Opens the question about a student.
   *
   * @param {string} id
   * @param {StudentEntry} student
   */
  askAbout(id, student) {
    this.asked = { id, name: student.name, waits: waits(student), gone: student.state === 'gone' };
    this.#frame.drawNow();
    dialog()?.showModal();
  }

  /** @param {boolean} ban whether for the rest of the lesson */
  remove(ban) {
    dialog()?.close();
    if (this.asked) void this.#frame.ask('student.remove', { id: this.asked.id, ban });
  }
}

function dialog() {
  const found = document.getElementById('remove-dialog');
  return found instanceof HTMLDialogElement ? found : null;
}

/** @param {StudentEntry} student */
function waits(student) {
  return student.admitted === false && student.state === 'waiting';
}

/**
 * @param {Scope} scope
 * @param {Students} controller
 */
function studentsView(scope, controller) {
  const { t, state, slot } = scope;
  const students = Object.entries(state.students ?? {}).sort(([, a], [, b]) =>
    String(a.joined).localeCompare(String(b.joined)),
  );
  const present = students.filter(([, student]) => student.state !== 'gone');
  const waiting = students.filter(([, student]) => waits(student));
  const listed = students.filter(([, student]) => !waits(student));
  return html`
    <section class="panel students" aria-labelledby="students-heading">
      <div class="section-head">
        <h2 id="students-heading" tabindex="-1">${t('students.heading')}</h2>
        <p class="badge" id="student-count">${t('students.count', { count: present.length })}</p>
      </div>
      ${slot('students')}
      ${waitingView(t, controller, waiting)}
      ${
        listed.length === 0
          ? html`<p class="quiet">${students.length === 0 ? t('students.none') : ''}</p>`
          : html`
            <table>
              <thead>
                <tr>
                  <th scope="col">${t('students.name')}</th>
                  <th scope="col">${t('students.state')}</th>
                  <th scope="col" class="joined">${t('students.joined')}</th>
                  <th scope="col" class="figure">${t('students.round_trip')}</th>
                  <th scope="col" class="figure">${t('students.loss')}</th>
                  <td></td>
                </tr>
              </thead>
              <tbody>
                ${repeat(
                  listed,
                  ([id]) => id,
                  ([id, student]) => studentView(scope, controller, id, student),
                )}
              </tbody>
            </table>`
      }
    </section>`;
}

/**
 * @param {Scope} scope
 * @param {Students} controller
 * @param {string} id
 * @param {StudentEntry} student
 */
function studentView({ t, number, time }, controller, id, student) {
  const label = t('remove.named', { name: student.name });
  return html`
    <tr data-student=${id} data-state=${student.state}>
      <th scope="row" title=${student.name}>${student.name}</th>
      <td class="state">${student.blocked ? t('student_state.blocked') : t(`student_state.${student.state}`)}${receptionView({ t, number }, student)}</td>
      <td class="joined">${time(student.joined)}</td>
      <td class="figure">${student.round_trip == null ? '–' : t('unit.ms', { value: number(student.round_trip * 1000) })}</td>
      <td class="figure">${student.loss == null ? '–' : t('unit.percent', { value: number(student.loss * 100, 1) })}</td>
      <td class="act">
        <button type="button" class="small remove" data-remove=${id} aria-label=${label} title=${label} @click=${() => controller.askAbout(id, student)}>
          <span aria-hidden="true">✕</span>
        </button></td>
    </tr>`;
}

/**
 * What the student's page reports: its picture, how late it is, and what is wrong with its sound.
 *
 * @param {Pick<Scope, 't' | 'number'>} scope
 * @param {StudentEntry} student
 */
function receptionView({ t, number }, { state, shows, latency }) {
  if (state !== 'watching' || shows === null) return nothing;
  const parts = [
    shows.fps > 0 ? `${shows.height}p` : t('students.no_picture'),
    ...(latency?.p50 == null ? [] : [t('students.late', { value: number(latency.p50 * 1000) })]),
    ...(shows.sound === 'playing' ? [] : [t(`students.sound_${shows.sound}`)]),
  ];
  return html`<small class="reception">${parts.join(' · ')}</small>`;
}

/**
 * Students that wait to be let in, the first to come first.
 *
 * @param {Scope['t']} t
 * @param {Students} controller
 * @param {Entry[]} entries
 */
function waitingView(t, controller, entries) {
  const count = entries.length;
  return html`
    <p id="lobby-news" class="visually-hidden" role="status">${count > 0 ? t('lobby.news', { count }) : ''}</p>
    ${
      count === 0
        ? nothing
        : html`
          <section class="lobby" aria-labelledby="lobby-heading">
            <div class="lobby-head">
              <h3 id="lobby-heading"><span class="shape ring" aria-hidden="true"></span> ${t('lobby.news', { count })}</h3>
              ${count > 1 ? html`<button type="button" id="admit-all" class="small" @click=${() => controller.admitAll()}>${t('lobby.admit_all')}</button>` : nothing}
            </div>
            <ul>
              ${repeat(
                entries,
                ([id]) => id,
                ([id, student]) => html`
                  <li data-waiting=${id}>
                    <span class="who">${student.name}</span>
                    <button type="button" class="small primary" data-admit=${id} aria-label=${t('lobby.admit_named', { name: student.name })} @click=${() => controller.admit(id)}>${t('lobby.admit')}</button>
                    <button type="button" class="small" data-refuse=${id} aria-label=${t('lobby.refuse_named', { name: student.name })} @click=${() => controller.askAbout(id, student)}>${t('lobby.refuse')}</button>
                  </li>`,
              )}
            </ul>
          </section>`
    }`;
}

/**
 * @param {Scope} scope
 * @param {Students} controller
 */
function removeDialog({ t }, controller) {
  const { name, waits, gone } = controller.asked ?? { name: '', waits: false, gone: false };
  return html`
    <dialog id="remove-dialog" aria-labelledby="remove-heading" aria-describedby="remove-text">
      <h2 id="remove-heading">${waits ? t('remove.refuse_heading', { name }) : t('remove.heading', { name })}</h2>
      <p id="remove-text">${gone ? t('remove.gone_text') : t('remove.text')}</p>
      <form method="dialog" class="dialog-buttons">
        <button type="submit" id="remove-cancel" autofocus>${t('remove.cancel')}</button>
        ${gone ? nothing : html`<button type="button" id="remove-confirm" class="danger" @click=${() => controller.remove(false)}>${waits ? t('lobby.refuse') : t('remove.confirm')}</button>`}
        <button type="button" id="remove-ban" class="danger" @click=${() => controller.remove(true)}>${t('remove.ban')}</button>
      </form>
    </dialog>`;
}

/** @type {Feature<Students>} */
export const students = {
  controller: (frame) => new Students(frame),
  view: { side: studentsView, dialogs: removeDialog },
  place: { side: 40, dialogs: 20 },
};
