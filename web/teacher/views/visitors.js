/**
 * Students who wait to be let in, and the question before somebody is sent away.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { waiting } from '../visitors.js';

/** @param {import('../page.js').Scope} scope */
export function lobbyView({ t, state, visitors }) {
  const entries = waiting(state.students ?? {});
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
              ${count > 1 ? html`<button type="button" id="admit-all" class="small" @click=${() => visitors.admitAll(entries)}>${t('lobby.admit_all')}</button>` : nothing}
            </div>
            <ul>
              ${repeat(
                entries,
                ([id]) => id,
                ([id, student]) => html`
                  <li data-waiting=${id}>
                    <span class="who">${student.name}</span>
                    <button type="button" class="small primary" data-admit=${id} aria-label=${t('lobby.admit_named', { name: student.name })} @click=${() => visitors.admit(id)}>${t('lobby.admit')}</button>
                    <button type="button" class="small" data-refuse=${id} aria-label=${t('lobby.refuse_named', { name: student.name })} @click=${() => visitors.askAbout(id, student)}>${t('lobby.refuse')}</button>
                  </li>`,
              )}
            </ul>
          </section>`
    }`;
}

/**
 * @param {import('../page.js').Scope} scope
 * @param {string} id
 * @param {import('../model.js').Student} student
 */
export function removeButton({ t, visitors }, id, student) {
  const label = t('remove.named', { name: student.name });
  return html`
    <button type="button" class="small remove" data-remove=${id} aria-label=${label} title=${label} @click=${() => visitors.askAbout(id, student)}>
      <span aria-hidden="true">✕</span>
    </button>`;
}

/** @param {import('../page.js').Scope} scope */
export function removeDialog({ t, visitors }) {
  const { name, waits, gone } = visitors.asked ?? { name: '', waits: false, gone: false };
  return html`
    <dialog id="remove-dialog" aria-labelledby="remove-heading" aria-describedby="remove-text">
      <h2 id="remove-heading">${waits ? t('remove.refuse_heading', { name }) : t('remove.heading', { name })}</h2>
      <p id="remove-text">${gone ? t('remove.gone_text') : t('remove.text')}</p>
      <form method="dialog" class="dialog-buttons">
        <button type="submit" id="remove-cancel" autofocus>${t('remove.cancel')}</button>
        ${gone ? nothing : html`<button type="button" id="remove-confirm" class="danger" @click=${() => visitors.remove(false)}>${waits ? t('lobby.refuse') : t('remove.confirm')}</button>`}
        <button type="button" id="remove-ban" class="danger" @click=${() => visitors.remove(true)}>${t('remove.ban')}</button>
      </form>
    </dialog>`;
}
