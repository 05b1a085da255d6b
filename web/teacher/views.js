/**
 * The views of the frame: the page of a running lesson with the slots that features fill, and the pages without a
 * lesson (no token yet, still connecting, after the end).
 */
import { html, nothing } from '../vendor/lit-html/lit-html.js';

/**
 * @import {Language} from '../lib/i18n.js'
 * @import {Scope} from './feature.d.ts'
 * @import {Notices} from './notices.js'
 */

/**
 * @param {Scope} scope
 * @param {Notices} notices
 */
export function lessonView(scope, notices) {
  const { t, connected, hung, slot } = scope;
  const why = hung ? 'hung' : 'lost';
  const { sentence, copied } = notices;
  return html`
    <header class="top">
      ${titleView(scope)}${slot('clock')}${languageSwitch(scope)}${slot('actions')}
    </header>
    <div class="banner-place" role="status">
      ${
        connected
          ? nothing
          : html`<p class="banner" id="lost"><span class="shape ring" aria-hidden="true"></span><span><strong>${t(`control.${why}`)}</strong> ${t(`control.${why}_hint`)}</span></p>`
      }
    </div>
    <div class="needs-answers" ?inert=${!connected}>${slot('alarms')}</div>
    <main class="board" ?inert=${!connected}>
      <div class="column wide">
        <div class="screens">${slot('screens')}</div>
        ${slot('main')}
      </div>
      <div class="column">${slot('side')}</div>
    </main>
    ${slot('news')}
    <div id="sentence" class="sentence-place" role="alert">
      ${
        sentence
          ? html`<p class="sentence"><span>${sentence}</span><button type="button" class="small" @click=${() => notices.say('')}>${t('error.close')}</button></p>`
          : nothing
      }
    </div>
    <p class="visually-hidden" role="status">${copied ? t('invite.copied') : ''}</p>
    ${slot('dialogs')}`;
}

/**
 * @param {Scope} scope
 * @param {boolean} denied whether a token was refused
 * @param {(token: string) => void} enter
 */
export function gateView(scope, denied, enter) {
  const { t } = scope;
  const submitted = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const input = document.getElementById('token');
    const token = input instanceof HTMLInputElement ? input.value.trim() : '';
    if (token !== '') enter(token);
  };
  return html`
    <header class="top">${titleView(scope)}${languageSwitch(scope)}</header>
    <main class="middle">
      <form id="gate" class="card" @submit=${submitted}>
        <h2>${t('gate.heading')}</h2>
        <p class="quiet">${t('gate.intro')}</p>
        ${denied ? html`<p class="fault" role="alert">${t('gate.denied')}</p>` : nothing}
        <label for="token">${t('gate.token')}</label>
        <input id="token" name="token" type="password" required autocomplete="off" spellcheck="false" />
        <button type="submit" class="primary">${t('gate.button')}</button>
      </form>
    </main>`;
}

/**
 * @param {Scope} scope
 * @param {'connecting' | 'crowded' | 'unreachable' | 'blocked' | 'ended'} which
 */
export function messageView(scope, which) {
  const { t } = scope;
  return html`
    <header class="top">${titleView(scope)}${languageSwitch(scope)}</header>
    <main class="middle">
      <div class="card" role="status">
        <h2>${t(`middle.${which}.heading`)}</h2>
        <p class="quiet">${t(`middle.${which}.text`, { address: location.origin })}</p>
      </div>
    </main>`;
}

/** @param {Scope} scope */
function titleView({ t, state }) {
  return html`<h1 id="title">${state.lesson?.title ?? t('teacher.title')}</h1>`;
}

/** @param {Scope} scope */
function languageSwitch({ t, language, setLanguage }) {
  const choice = (/** @type {Language} */ code, /** @type {string} */ tag, /** @type {string} */ name) => html`
    <button type="button" data-language=${code} lang=${tag} aria-pressed=${language === code} @click=${() => setLanguage(code)}>${name}</button>`;
  return html`
    <div class="languages" role="group" aria-label=${t('language.choose')}>
      ${choice('en', 'en', 'English')}${choice('zh', 'zh-Hans', '中文')}
    </div>`;
}
