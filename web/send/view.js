/**
 * What an invited device sees: one large button, and what is being sent.
 */
import { LANGUAGE_TAGS, LANGUAGES } from '../lib/i18n.js';
import { html, nothing } from '../vendor/lit-html/lit-html.js';

const NAMES = { en: 'English', zh: '中文' };

/**
 * @typedef {object} Scope
 * @property {import('../lib/i18n.js').Translator['t']} t
 * @property {import('../lib/i18n.js').Language} language
 * @property {string} state
 * @property {string} title of the lesson; empty while it is not known
 * @property {import('../lib/sender.js').Sender} sender
 * @property {boolean} onAir whether the class sees what is sent
 * @property {boolean} sound whether the lesson has an input for the sound
 * @property {(wanted: boolean) => void} chooseMicrophone
 * @property {string | null} secure the same page with https, where the lesson has it
 * @property {(language: import('../lib/i18n.js').Language) => void} setLanguage
 */

/** @param {Scope} scope */
export function sendView(scope) {
  const { t, language, state, title, sender, setLanguage } = scope;
  return html`
    <header class="top">
      <h1>${title || t('student.title')}</h1>
      <div class="languages" role="group" aria-label=${t('language.choose')}>
        ${LANGUAGES.map((each) => html`<button type="button" data-language=${each} lang=${LANGUAGE_TAGS[each]} aria-pressed=${each === language} @click=${() => setLanguage(each)}>${NAMES[each]}</button>`)}
      </div>
    </header>
    <main class="send-page">
      <section class="card" aria-labelledby="send-heading">
        <h2 id="send-heading">${t('send.page_heading')}</h2>
        ${sender.source ? html`<p class="quiet">${t('send.page_source', { source: sender.source })}</p>` : nothing}
        ${body(scope, state)}
      </section>
    </main>`;
}

/**
 * @param {Scope} scope
 * @param {string} state
 */
function body(scope, state) {
  const { t, secure } = scope;
  switch (state) {
    case 'nothing':
    case 'denied':
      return html`<p class="fault" role="alert">${t('send.page_no_link')}</p>`;
    case 'insecure':
      return html`
        <p class="fault" role="alert">${t('send.fault_insecure')}</p>
        ${secure === null ? nothing : html`<p><a href=${secure}>${t('send.page_secure')}</a></p><p class="quiet">${t('send.page_warning')}</p>`}
        <p><a href="trust">${t('invite.trust')}</a></p>`;
    default:
      return controls(scope, state);
  }
}

/**
 * @param {Scope} scope
 * @param {string} state
 */
function controls(scope, state) {
  const { t, sender, onAir } = scope;
  const { what, stream, fault, asking } = sender;
  const flip = () => {
    sender.facing = sender.facing === 'user' ? 'environment' : 'user';
    void sender.sendCamera();
  };
  return html`
    <p class="send-state ${onAir ? 'on-air' : ''}" role="status"><span class="shape ${state === 'sending' ? 'dot' : 'ring'}" aria-hidden="true"></span>${onAir ? t('send.page_on_air') : t(`send.page_${state}`)}</p>
    ${fault === null ? nothing : faultView(scope, fault)}
    ${
      what === null
        ? html`
          <button type="button" id="send-camera" class="primary" ?disabled=${asking || state !== 'ready'} @click=${() => sender.sendCamera()}>${t('send.camera')}</button>
          ${soundView(scope)}`
        : html`
          <div class="sending">
            <video class="self" muted autoplay playsinline .muted=${true} .srcObject=${stream} aria-label=${t('send.self', { source: sender.source })}></video>
            <div class="sending-buttons">
              <button type="button" id="send-flip" ?disabled=${asking} @click=${flip}>${t('send.flip')}</button>
              <button type="button" id="send-stop" class="danger" @click=${() => sender.stop()}>${t('send.stop')}</button>
              ${soundView(scope)}
            </div>
          </div>`
    }
    <p class="quiet">${t('send.page_private')}</p>`;
}

/** @param {Scope} scope */
function soundView({ t, sender, sound, chooseMicrophone }) {
  if (!sound && !sender.microphone) return html`<p class="quiet" id="send-no-sound">${t('send.page_no_sound')}</p>`;
  const choose = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLInputElement) chooseMicrophone(target.checked);
  };
  return html`
    <label class="check"><input id="send-microphone" type="checkbox" .checked=${sender.microphone} @change=${choose}> ${t('send.microphone')}</label>
    ${sender.silent ? html`<p class="quiet" id="send-silent">${t('send.no_microphone')}</p>` : nothing}`;
}

/** Faults that are told otherwise on a phone, where nothing can be plugged in. */
const ON_A_PHONE = ['camera_denied', 'camera_missing', 'camera_busy'];

/**
 * @param {Scope} scope
 * @param {string} fault
 */
function faultView({ t }, fault) {
  const said = ON_A_PHONE.includes(fault) ? t(`send.page_fault_${fault}`) : t(`send.fault_${fault}`);
  return html`<p class="fault" role="alert">${said} ${fault === 'camera_denied' ? PERMISSION_SIGNS : nothing}</p>`;
}

/** What browsers show beside the address, and permissions are behind: a lock, or two sliders. */
const PERMISSION_SIGNS = html`
  <svg class="sign" viewBox="0 0 24 24" aria-hidden="true"><path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3"/></svg>
  <svg class="sign" viewBox="0 0 24 24" aria-hidden="true"><path d="M4 8h8m4 0h4M4 16h4m4 0h8"/><circle cx="14" cy="8" r="2"/><circle cx="10" cy="16" r="2"/></svg>`;
