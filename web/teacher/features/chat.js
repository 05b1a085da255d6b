/**
 * The chat: what the class and the teachers write, with removing and muting. What is new comes as the notification
 * `chat`, which the model puts into the state.
 */
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/**
 * @import {ChatEntry} from '../../lib/protocol.d.ts'
 * @import {Feature, Frame, Scope} from '../feature.d.ts'
 */

/** Pixels from the end within which the list counts as read to its end. */
const NEAR_END = 40;

class Chat {
  #frame;
  #atEnd = true;
  /** Whether a button of the list was pressed, which may go with its message. */
  #pressed = false;

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {SubmitEvent} event */
  async send(event) {
    event.preventDefault();
    const input = document.getElementById('chat-text');
    if (!(input instanceof HTMLInputElement) || input.value.trim() === '') return;
    const text = input.value;
    input.value = '';
    // What was not taken is not lost, unless something else is being written already.
    if ((await this.#frame.ask('chat.send', { text })) === null && input.value === '') input.value = text;
  }

  /** @param {number} id */
  remove(id) {
    this.#pressed = true;
    void this.#frame.ask('chat.remove', { id });
  }

  clear() {
    this.#pressed = true;
    void this.#frame.ask('chat.clear', {});
  }

  /**
   * @param {string} id
   * @param {boolean} muted
   */
  mute(id, muted) {
    void this.#frame.ask('chat.mute', { id, muted });
  }

  drawing() {
    const list = document.getElementById('chat-messages');
    this.#atEnd = !list || list.scrollTop + list.clientHeight >= list.scrollHeight - NEAR_END;
  }

  drawn() {
    const list = document.getElementById('chat-messages');
    if (list && this.#atEnd) list.scrollTop = list.scrollHeight;
    if (!this.#pressed) return;
    const { activeElement } = document;
    if (activeElement instanceof HTMLButtonElement) return;
    this.#pressed = false;
    // Who uses a keyboard goes on at the list, or where it is empty at the line to write in.
    const next = list && list.childElementCount > 0 ? list : document.getElementById('chat-text');
    if (activeElement === document.body) next?.focus({ preventScroll: true });
  }
}

/**
 * @param {Scope} scope
 * @param {Chat} controller
 */
function chatView(scope, controller) {
  const { t, state } = scope;
  const messages = state.chat ?? [];
  const off = state.room?.chat === 'off';
  return html`
    <section class="panel chat" aria-labelledby="chat-heading">
      <div class="section-head">
        <h2 id="chat-heading">${t('chat.heading')}</h2>
        ${messages.length > 0 ? html`<button type="button" id="chat-clear" class="small" @click=${() => controller.clear()}>${t('chat.clear')}</button>` : nothing}
      </div>
      <div id="chat-messages" class="chat-messages" role="log" tabindex="0" aria-labelledby="chat-heading">
        ${repeat(
          messages,
          ({ id }) => id,
          (message) => messageView(scope, controller, message),
        )}
      </div>
      ${messages.length === 0 ? html`<p class="quiet">${t('chat.none')}</p>` : nothing}
      <form id="chat-form" class="chat-form" @submit=${(/** @type {SubmitEvent} */ event) => controller.send(event)}>
        <label for="chat-text" class="visually-hidden">${t('chat.write_class')}</label>
        <input id="chat-text" type="text" maxlength="500" autocomplete="off" placeholder=${off ? t('chat.is_off') : t('chat.write_class')} ?disabled=${off}>
        <button type="submit" id="chat-send" class="small primary" ?disabled=${off}>${t('chat.send')}</button>
      </form>
    </section>`;
}

/**
 * @param {Scope} scope
 * @param {Chat} controller
 * @param {ChatEntry} message
 */
function messageView({ t, time, state }, controller, { id, student, name, text, at, to }) {
  const muted = student !== null && state.students?.[student]?.chat_muted === true;
  const known = student !== null && state.students?.[student] !== undefined;
  return html`
    <div class="chat-message" data-message=${id}>
      <p><strong><bdi>${student === null ? t('chat.you') : name}</bdi></strong> <time datetime=${at} class="quiet">${time(at)}</time>${to === 'teacher' ? html` <span class="quiet">${t('chat.only_you')}</span>` : nothing}</p>
      <p class="chat-text"><bdi>${text}</bdi></p>
      <div class="chat-acts">
        ${known ? html`<button type="button" class="small" data-mute=${student} aria-pressed=${muted} aria-label=${t(muted ? 'chat.unmute_named' : 'chat.mute_named', { name })} @click=${() => controller.mute(student, !muted)}>${t(muted ? 'chat.unmute' : 'chat.mute')}</button>` : nothing}
        <button type="button" class="small" data-remove-message=${id} @click=${() => controller.remove(id)}>${t('chat.remove')}</button>
      </div>
    </div>`;
}

/** @type {Feature<Chat>} */
export const chat = {
  controller: (frame) => new Chat(frame),
  view: { side: chatView },
  place: { side: 50 },
};
