/**
 * Sending from this computer: for each source of kind `browser` what it can send, and the way to invite a phone.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { foldView } from './fold.js';

/** @param {import('../page.js').Scope} scope */
export function publishView(scope) {
  const sources = Object.entries(scope.state.sources ?? {}).filter(([, { kind }]) => kind === 'browser');
  if (sources.length === 0) return nothing;
  return foldView(
    scope,
    'publish',
    scope.t('send.heading'),
    html`
      <ul class="rows">
        ${repeat(
          sources,
          ([name]) => name,
          ([name]) => html`<li class="send-row" data-send=${name}>${senderView(scope, name)}</li>`,
        )}
      </ul>`,
  );
}

/**
 * @param {import('../page.js').Scope} scope
 * @param {string} source
 */
function senderView({ t, publishing, connected }, source) {
  const sender = publishing.of(source);
  const { what, stream, fault, publisher, asking } = sender;
  const state = what === null ? 'idle' : publisher.state;
  return html`
    <p class="row-head">
      <strong>${source}</strong>
      ${state === 'idle' ? nothing : html`<span class="badge ${state === 'sending' ? 'live' : 'starting'}" data-send-state=${state}><span class="shape ${state === 'sending' ? 'dot' : 'ring'}" aria-hidden="true"></span>${t(`send.state_${state}`)}</span>`}
    </p>
    <div role="status">${fault === null ? nothing : faultView(t, fault)}</div>
    ${what === null ? nothing : html`<video class="self" muted autoplay playsinline .muted=${true} .srcObject=${stream} aria-label=${t('send.self', { source })}></video>`}
    <div class="send-buttons">
      <button type="button" class="small" data-send-camera=${source} aria-label=${t('send.camera_named', { source })} aria-pressed=${what === 'camera'} ?disabled=${asking || !connected} @click=${() => sender.sendCamera()}>${t('send.camera')}</button>
      <button type="button" class="small" data-send-screen=${source} aria-label=${t('send.screen_named', { source })} aria-pressed=${what === 'screen'} ?disabled=${asking || !connected} @click=${() => sender.sendScreen()}>${t('send.screen')}</button>
      ${what === null ? nothing : html`<button type="button" class="small danger" data-send-stop=${source} aria-label=${t('send.stop_named', { source })} @click=${() => sender.stop()}>${t('send.stop')}</button>`}
      <button type="button" class="small" data-invite=${source} aria-label=${t('send.invite_named', { source })} ?disabled=${!connected} @click=${() => publishing.invite(source)}>${t('send.invite')}</button>
    </div>
    ${choices({ t, source, sender })}`;
}

/**
 * @param {object} options
 * @param {import('../page.js').Scope['t']} options.t
 * @param {string} options.source
 * @param {import('../../lib/sender.js').Sender} options.sender
 */
function choices({ t, source, sender }) {
  const again = () => {
    if (sender.what === 'camera') void sender.sendCamera();
  };
  const microphone = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLInputElement) sender.microphone = target.checked;
    again();
  };
  const device = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLSelectElement) sender.device = target.value;
    again();
  };
  const used = sender.stream?.getVideoTracks()[0]?.getSettings().deviceId;
  return html`
    <label class="check"><input type="checkbox" data-send-microphone=${source} .checked=${sender.microphone} @change=${microphone}> ${t('send.microphone')}</label>
    ${
      sender.devices.length > 1
        ? html`<label class="send-device">${t('send.device')}
            <select data-send-device=${source} @change=${device}>
              ${sender.devices.map(({ id, label }) => html`<option value=${id} ?selected=${id === used}>${label}</option>`)}
            </select></label>`
        : nothing
    }`;
}

/**
 * @param {import('../page.js').Scope['t']} t
 * @param {string} fault
 */
function faultView(t, fault) {
  return html`<p class="why" data-send-fault=${fault}>${t(`send.fault_${fault}`)} ${fault === 'insecure' ? html`<a href="trust" target="_blank">${t('invite.trust')}</a>` : nothing}</p>`;
}

/**
 * The link for a phone, to be scanned; it is shown as long as there is an invitation.
 *
 * @param {import('../page.js').Scope} scope
 */
export function inviteDialog({ t, publishing, copied, actions }) {
  const { source, address, code } = publishing.invitation ?? { source: '', address: null, code: null };
  return html`
    <dialog id="invite-dialog" aria-labelledby="invite-heading" @close=${() => publishing.hideInvitation()}>
      <h2 id="invite-heading">${t('send.invite_heading', { source })}</h2>
      ${
        address === null || code === null
          ? html`<p id="invite-insecure">${t('send.invite_insecure')} <code>server: {tls: auto}</code></p>`
          : html`
            <p>${t('send.invite_text')} <a href="trust" target="_blank">${t('invite.trust')}</a></p>
            <img class="invite-code" src=${code} alt=${t('send.invite_code', { source })}>
            <p class="quiet">${t('send.invite_secret')}</p>`
      }
      <form method="dialog" class="dialog-buttons">
        <button type="submit" id="invite-close" autofocus>${t('invite.close')}</button>
        ${address === null ? nothing : html`<button type="button" id="invite-copy" @click=${() => actions.copy(address)}>${copied === address ? t('invite.copied') : t('send.invite_copy')}</button>`}
        <button type="button" id="invite-revoke" class="danger" @click=${() => publishing.uninvite()}>${t('send.invite_revoke')}</button>
      </form>
    </dialog>`;
}

/** Opens and closes the dialog as there is an invitation or not. @param {import('../publishing.js').Publishing} publishing */
export function followInvitation(publishing) {
  const dialog = document.getElementById('invite-dialog');
  if (!(dialog instanceof HTMLDialogElement)) return;
  if (publishing.invitation !== null && !dialog.open) dialog.showModal();
  if (publishing.invitation === null && dialog.open) dialog.close();
}
