/**
 * Who is there, and where others come in.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html } from '../../vendor/lit-html/lit-html.js';
import { waits } from '../visitors.js';
import { joinView } from './join.js';
import { lobbyView, removeButton } from './visitors.js';

/** @param {import('../page.js').Scope} scope */
export function studentsView(scope) {
  const { t, state, number, time } = scope;
  const students = Object.entries(state.students ?? {}).sort(([, a], [, b]) =>
    String(a.joined).localeCompare(String(b.joined)),
  );
  const present = students.filter(([, student]) => student.state !== 'gone');
  const listed = students.filter(([, student]) => !waits(student));
  return html`
    <section class="panel students" aria-labelledby="students-heading">
      <div class="section-head">
        <h2 id="students-heading">${t('students.heading')}</h2>
        <p class="badge" id="student-count">${t('students.count', { count: present.length })}</p>
      </div>
      ${joinView(scope)}
      ${lobbyView(scope)}
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
                  ([id, student]) => html`
                    <tr data-student=${id} data-state=${student.state}>
                      <th scope="row" title=${student.name}>${student.name}</th>
                      <td class="state">${student.blocked ? t('student_state.blocked') : t(`student_state.${student.state}`)}</td>
                      <td class="joined">${time(student.joined)}</td>
                      <td class="figure">${student.round_trip == null ? '–' : t('unit.ms', { value: number(student.round_trip * 1000) })}</td>
                      <td class="figure">${student.loss == null ? '–' : t('unit.percent', { value: number(student.loss * 100, 1) })}</td>
                      <td class="act">${removeButton(scope, id, student)}</td>
                    </tr>`,
                )}
              </tbody>
            </table>`
      }
    </section>`;
}
