/**
 * Where students come in: the addresses, the same as a QR code, and that large, to be projected to the class.
 */
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

const LOOPBACK = /^(localhost|127\.|\[::1\])/;
const CODE = 'join.svg';

/** @param {import('../page.js').Scope} scope */
export function joinView(scope) {
  const { t, state, actions } = scope;
  const addresses = joinAddresses(scope);
  const [best] = addresses;
  if (best === undefined) return html`<p class="quiet">${t('students.address_in_terminal')}</p>`;
  return html`
    <div class="join">
      ${
        state.lesson?.addresses
          ? html`<button type="button" id="join-show" class="join-show" aria-label=${t('invite.show')} title=${t('invite.show')} @click=${actions.showJoin}>
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
 * The picture of an address; another one is fetched anew when the computer has moved to another network.
 *
 * @param {string} address
 */
function codeOf(address) {
  return `${CODE}?${encodeURIComponent(address)}`;
}

/** @param {import('../page.js').Scope} scope */
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
 * @param {import('../page.js').Scope} scope
 * @param {string} address
 */
function addressLine({ t, copied, actions }, address) {
  return html`
    <p class="address">
      <a href=${address} target="_blank" rel="noopener">${address}</a>
      <button type="button" class="small" data-copy=${address} aria-label=${copied === address ? t('invite.copied') : t('invite.copy_named', { address })} @click=${() => actions.copy(address)}>
        ${copied === address ? t('invite.copied') : t('invite.copy')}
      </button>
    </p>`;
}

/**
 * The code and the address as large as the window, over everything else.
 *
 * @param {import('../page.js').Scope} scope
 */
export function joinDialog(scope) {
  const { t, state, copied, actions } = scope;
  const [address] = state.lesson?.addresses ?? [];
  return html`
    <p class="visually-hidden" role="status">${copied ? t('invite.copied') : ''}</p>
    <dialog id="join-dialog" class="join-dialog" aria-labelledby="join-heading" @close=${actions.joinHidden}>
      <h2 id="join-heading">${state.lesson?.title ?? t('teacher.title')}</h2>
      <img src=${codeOf(address ?? '')} alt=${t('invite.code', { address: address ?? '' })}>
      <p class="join-large">${address ?? ''}</p>
      <form method="dialog"><button type="submit" id="join-close" autofocus>${t('invite.close')}</button></form>
    </dialog>`;
}

/**
 * @param {import('../page.js').Scope} scope
 * @returns {string[]}
 */
function joinAddresses({ state }) {
  return state.lesson?.addresses ?? (LOOPBACK.test(location.host) ? [] : [new URL('.', location.href).href]);
}
