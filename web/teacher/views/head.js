/**
 * The head of the page: title, clock, language and the end of the lesson, and the question before it.
 */
import { html } from '../../vendor/lit-html/lit-html.js';

/** @param {import('../page.js').Scope} scope */
export function headView(scope) {
  const { t, state, clock, actions } = scope;
  return html`
    <header class="top">
      <h1 id="title">${state.lesson?.title ?? t('teacher.title')}</h1>
      <p class="clock"><span class="visually-hidden">${t('head.clock')} </span><span id="clock">${clock}</span></p>
      ${languageSwitch(scope)}
      <button type="button" id="end" class="danger" @click=${actions.askEnd}>${t('head.end')}</button>
    </header>`;
}

/** @param {import('../page.js').Scope} scope */
export function plainHead(scope) {
  return html`
    <header class="top">
      <h1 id="title">${scope.state.lesson?.title ?? scope.t('teacher.title')}</h1>
      ${languageSwitch(scope)}
    </header>`;
}

/** @param {import('../page.js').Scope} scope */
function languageSwitch({ t, language, actions }) {
  const choice = (/** @type {'en' | 'zh'} */ code, /** @type {string} */ tag, /** @type {string} */ name) => html`
    <button type="button" data-language=${code} lang=${tag} aria-pressed=${language === code} @click=${() => actions.setLanguage(code)}>${name}</button>`;
  return html`
    <div class="languages" role="group" aria-label=${t('language.choose')}>
      ${choice('en', 'en', 'English')}${choice('zh', 'zh-Hans', '中文')}
    </div>`;
}

/** @param {import('../page.js').Scope} scope */
export function endDialog({ t, actions }) {
  return html`
    <dialog id="end-dialog" aria-labelledby="end-heading" aria-describedby="end-text">
      <h2 id="end-heading">${t('end.heading')}</h2>
      <p id="end-text">${t('end.text')}</p>
      <form method="dialog" class="dialog-buttons">
        <button type="submit" id="end-cancel" autofocus>${t('end.cancel')}</button>
        <button type="button" id="end-confirm" class="danger" @click=${actions.end}>${t('end.confirm')}</button>
      </form>
    </dialog>`;
}
