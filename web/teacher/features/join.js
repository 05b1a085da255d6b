/**
 * Where students come in: the addresses, the same as a QR code, and that large, to be projected to the class.
 */
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/** @import {Feature, Scope} from '../feature.d.ts' */

const LOOPBACK = /^(localhost|127\.|\[::1\])/;
const CODE = 'join.svg';

/** @param {Scope} scope */
function joinView(scope) {
  const { t, state } = scope;
  const addresses = state.lesson?.addresses ?? (LOOPBACK.test(location.host) ? [] : [new URL('.', location.href).href]);
  const [best] = addresses;
  if (best === undefined) return html`<p class="quiet">${t('students.address_in_terminal')}</p>`;
  return html`
    <div class="join">
      ${
        state.lesson?.addresses
          ? html`<button type="button" id="join-show" class="join-show" aria-label=${t('invite.show')} title=${t('invite.show')} @click=${showLarge}>
              <img src=${codeOf(best)} alt="" width="104" height="104">
            </button>`
          : nothing
      }
      <div class="join-addresses">
        <p class="quiet">${t('students.address')}</p>
        ${addresses.map((address) => addressLine(scope, address))}
      </div>
    </div>
    ${secureView(scope)}`;
}

/**
 * The picture of an address; another one is fetched when the computer has moved to another network.
 *
 * @param {string} address
 */
function codeOf(address) {
  return `${CODE}?${encodeURIComponent(address)}`;
}

/** @param {Scope} scope */
function secureView({ t, state }) {
  const [secure] = state.lesson?.secure_addresses ?? [];
  const fingerprint = state.lesson?.fingerprint;
  if (secure === undefined) return nothing;
  return html`
    <details class="secure">
      <summary>${t('invite.secure')}</summary>
      <p class="address"><a href=${secure} target="_blank" rel="noopener">${secure}</a></p>
      ${
        fingerprint
          ? html`
            <p class="quiet">${t('invite.trust_text')} <a href="trust" target="_blank">${t('invite.trust')}</a></p>
            <p class="quiet">${t('invite.fingerprint')} <code id="fingerprint">${fingerprint}</code></p>`
          : nothing
      }
    </details>`;
}

/**
 * @param {Scope} scope
 * @param {string} address
 */
function addressLine({ t, copied, copy }, address) {
  return html`
    <p class="address">
      <a href=${address} target="_blank" rel="noopener">${address}</a>
      <button type="button" class="small" data-copy=${address} aria-label=${copied === address ? t('invite.copied') : t('invite.copy_named', { address })} @click=${() => copy(address)}>
        ${copied === address ? t('invite.copied') : t('invite.copy')}
      </button>
    </p>`;
}

/**
 * The code and the address as large as the window, over everything else.
 *
 * @param {Scope} scope
 */
function joinDialog({ t, state }) {
  const [address = ''] = state.lesson?.addresses ?? [];
  return html`
    <dialog id="join-dialog" class="join-dialog" aria-labelledby="join-heading" @close=${leaveFullScreen}>
      <h2 id="join-heading">${state.lesson?.title ?? t('teacher.title')}</h2>
      <img src=${codeOf(address)} alt=${t('invite.code', { address })}>
      <p class="join-large">${address}</p>
      <form method="dialog"><button type="submit" id="join-close" autofocus>${t('invite.close')}</button></form>
    </dialog>`;
}

/**
 * Shows the dialog in the whole screen where the browser allows it, and in the whole window elsewhere. A dialog cannot
 * be made full screen itself, so the document is, and the dialog fills it.
 */
function showLarge() {
  const dialog = document.getElementById('join-dialog');
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  dialog.showModal();
  const page = document.documentElement;
  if (!page.requestFullscreen || !document.fullscreenEnabled) return;
  const shown = new AbortController();
  dialog.addEventListener('close', () => shown.abort(), { once: true });
  // The first Escape leaves full screen; a second one to close the dialog would surprise.
  const left = () => {
    if (!document.fullscreenElement) dialog.close();
  };
  document.addEventListener('fullscreenchange', left, { signal: shown.signal });
  page.requestFullscreen().catch(stayInWindow);
}

function leaveFullScreen() {
  if (document.fullscreenElement === document.documentElement) document.exitFullscreen().catch(stayInWindow);
}

/** @param {unknown} error */
function stayInWindow(error) {
  if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
}

/** @type {Feature} */
export const join = {
  view: { students: joinView, dialogs: joinDialog },
  place: { students: 10, dialogs: 10 },
};
