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
        ${secure === null ? nothing : html`<p><a href=${secure}>${t('send.page_secure')}</a></p>`}
        <p><a href="trust">${t('invite.trust')}</a></p>`;
    default:
      return controls(scope, state);
  }
}

/**
 * @param {Scope} scope
 * @param {string} state
 */
function controls({ t, sender }, state) {
  const { what, stream, fault, asking } = sender;
  const sending = what !== null;
  const microphone = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLInputElement) sender.microphone = target.checked;
    if (sender.what === 'camera') void sender.sendCamera();
  };
  const flip = () => {
    sender.facing = sender.facing === 'user' ? 'environment' : 'user';
    void sender.sendCamera();
  };
  return html`
    <p class="send-state" role="status"><span class="shape ${state === 'sending' ? 'dot' : 'ring'}" aria-hidden="true"></span>${t(`send.page_${state}`)}</p>
    ${fault === null ? nothing : html`<p class="fault" role="alert">${t(`send.fault_${fault}`)}</p>`}
    ${sending ? html`<video class="self" muted autoplay playsinline .muted=${true} .srcObject=${stream} aria-label=${t('send.self', { source: sender.source })}></video>` : nothing}
    ${
      sending
        ? html`
          <button type="button" id="send-flip" ?disabled=${asking} @click=${flip}>${t('send.flip')}</button>
          <button type="button" id="send-stop" class="danger" @click=${() => sender.stop()}>${t('send.stop')}</button>`
        : html`<button type="button" id="send-camera" class="primary" ?disabled=${asking || state !== 'ready'} @click=${() => sender.sendCamera()}>${t('send.camera')}</button>`
    }
    <label class="check"><input id="send-microphone" type="checkbox" .checked=${sender.microphone} @change=${microphone}> ${t('send.microphone')}</label>
    <p class="quiet">${t('send.page_private')}</p>`;
}
