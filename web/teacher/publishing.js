/**
 * What this page sends: a sender for each source of kind `browser`, and the invitations for other devices.
 */
import { ControlError } from '../lib/control.js';
import { Sender } from '../lib/sender.js';

/** @typedef {{source: string, path: string, address: string | null, code: string | null}} Invitation */

export class Publishing {
  #changed;
  #say;
  /** @type {Map<string, Sender>} */
  #senders = new Map();
  /** @type {import('../lib/control.js').Control | null} */
  #control = null;
  /** @type {Invitation | null} */
  #invitation = null;

  /**
   * @param {() => void} changed
   * @param {(error: unknown) => void} say tells a failed request
   */
  constructor(changed, say) {
    this.#changed = changed;
    this.#say = say;
  }

  /** The invitation that is shown, or null. */
  get invitation() {
    return this.#invitation;
  }

  /**
   * @param {string} source
   * @returns {Sender}
   */
  of(source) {
    let sender = this.#senders.get(source);
    if (!sender) {
      sender = new Sender(source, { microphone: true, changed: this.#changed });
      if (this.#control) sender.publisher.begin(this.#control);
      this.#senders.set(source, sender);
    }
    return sender;
  }

  /** @param {import('../lib/control.js').Control} control which is open, for the first time or again */
  begin(control) {
    this.#control = control;
    for (const { publisher } of this.#senders.values()) publisher.begin(control);
  }

  /** The control connection was lost. */
  lost() {
    this.#control = null;
    for (const { publisher } of this.#senders.values()) publisher.lost();
  }

  /** @param {{peer?: unknown}} said a notification `peer` */
  take(said) {
    for (const { publisher } of this.#senders.values()) publisher.take(said);
  }

  stop() {
    for (const sender of this.#senders.values()) sender.stop();
    this.#control = null;
  }

  /** @param {string} source */
  async invite(source) {
    const invited = await this.#ask('source.invite', source);
    if (invited === null) return;
    this.#invitation = { source, path: invited.path, address: invited.address, code: invited.code };
    this.#changed();
  }

  /** Makes the link that is shown worthless. */
  async uninvite() {
    if (this.#invitation === null || (await this.#ask('source.uninvite', this.#invitation.source)) === null) return;
    this.hideInvitation();
  }

  hideInvitation() {
    this.#invitation = null;
    this.#changed();
  }

  /**
   * @param {string} method
   * @param {string} source
   * @returns {Promise<any>} the result, or null
   */
  async #ask(method, source) {
    try {
      if (this.#control === null) throw new ControlError(0, 'not connected');
      return await this.#control.request(method, { source });
    } catch (error) {
      this.#say(error);
      return null;
    }
  }
}
