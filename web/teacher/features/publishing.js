/**
 * Sending from this computer: for each source of kind `browser` what it can send, and the way to invite a phone.
 */
import { Sender } from '../../lib/sender.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { foldView } from '../fold.js';
import { inOrder } from '../model.js';

/**
 * @import {Control, PeerNews} from '../../lib/control.js'
 * @import {InvitationLink} from '../../lib/protocol.d.ts'
 * @import {Controller, Feature, Frame, Scope} from '../feature.d.ts'
 */

/** @typedef {{source: string} & InvitationLink} Invitation */

/** @implements {Controller} */
class Publishing {
  #frame;
  /** @type {Map<string, Sender>} */
  #senders = new Map();
  /** @type {Control | null} */
  #control = null;
  /** The invitation that is shown. @type {Invitation | null} */
  invitation = null;

  news = {
    peer: (/** @type {PeerNews} */ params) => {
      for (const { publisher } of this.#senders.values()) publisher.take(params);
    },
  };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /**
   * @param {string} source
   * @returns {Sender}
   */
  of(source) {
    let sender = this.#senders.get(source);
    if (!sender) {
      sender = new Sender(source, { microphone: true, changed: this.#frame.draw });
      if (this.#control) sender.publisher.begin(this.#control);
      this.#senders.set(source, sender);
    }
    return sender;
  }

  /** @param {Control} control */
  begin(control) {
    this.#control = control;
    for (const { publisher } of this.#senders.values()) publisher.begin(control);
  }

  lost() {
    this.#control = null;
    for (const { publisher } of this.#senders.values()) publisher.lost();
  }

  stop() {
    for (const sender of this.#senders.values()) sender.stop();
    this.#control = null;
  }

  /** @param {string} source */
  async invite(source) {
    const invited = await this.#frame.request('source.invite', { source });
    if (invited === null) return;
    this.invitation = { source, path: invited.path, address: invited.address, code: invited.code };
    this.#frame.draw();
  }

  /** Makes the link that is shown invalid. */
  async revokeInvitation() {
    const source = this.invitation?.source;
    if (source !== undefined && (await this.#frame.ask('source.uninvite', { source })) !== null) this.hideInvitation();
  }

  hideInvitation() {
    this.invitation = null;
    this.#frame.draw();
  }

  /** Opens and closes the dialog, depending on whether there is an invitation. */
  drawn() {
    const dialog = document.getElementById('invite-dialog');
    if (!(dialog instanceof HTMLDialogElement)) return;
    if (this.invitation !== null && !dialog.open) dialog.showModal();
    if (this.invitation === null && dialog.open) dialog.close();
  }
}

/**
 * @param {Scope} scope
 * @param {Publishing} publishing
 */
function publishView(scope, publishing) {
  const sources = inOrder(scope.state, 'sources', scope.state.sources).filter(([, { kind }]) => kind === 'browser');
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
          ([name]) => html`<li class="send-row" data-send=${name}>${senderView(scope, publishing, name)}</li>`,
        )}
      </ul>`,
  );
}

/**
 * @param {Scope} scope
 * @param {Publishing} publishing
 * @param {string} source
 */
function senderView({ t, connected }, publishing, source) {
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
    ${choicesView(t, sender, source)}`;
}

/**
 * @param {Scope['t']} t
 * @param {Sender} sender
 * @param {string} source
 */
function choicesView(t, sender, source) {
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
    ${sender.silent ? html`<p class="quiet">${t('send.no_microphone')}</p>` : nothing}
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
 * @param {Scope['t']} t
 * @param {string} fault
 */
function faultView(t, fault) {
  return html`<p class="why" data-send-fault=${fault}>${t(`send.fault_${fault}`)} ${fault === 'insecure' ? html`<a href="trust" target="_blank">${t('invite.trust')}</a>` : nothing}</p>`;
}

/**
 * The link for a phone, to be scanned; it is shown as long as there is an invitation.
 *
 * @param {Scope} scope
 * @param {Publishing} publishing
 */
function inviteDialog({ t, copied, copy }, publishing) {
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
        ${address === null ? nothing : html`<button type="button" id="invite-copy" @click=${() => copy(address)}>${copied === address ? t('invite.copied') : t('send.invite_copy')}</button>`}
        <button type="button" id="invite-revoke" class="danger" @click=${() => publishing.revokeInvitation()}>${t('send.invite_revoke')}</button>
      </form>
    </dialog>`;
}

/** @type {Feature<Publishing>} */
export const publishing = {
  controller: (frame) => new Publishing(frame),
  view: { side: publishView, dialogs: inviteDialog },
  place: { side: 30, dialogs: 30 },
};
