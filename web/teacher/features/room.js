/**
 * The room: who writes to the class, whether students may ask to speak, and who comes in. One press each, for this
 * lesson only.
 */
import { html } from '../../vendor/lit-html/lit-html.js';

/**
 * @import {RoomSection} from '../../lib/protocol.d.ts'
 * @import {Feature, Frame, Scope} from '../feature.d.ts'
 */

const CHAT_MODES = /** @type {const} */ (['everyone', 'teacher', 'off']);

class Room {
  #frame;

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {Partial<RoomSection>} changes */
  set(changes) {
    void this.#frame.ask('room.set', changes);
  }
}

/**
 * @param {Scope} scope
 * @param {Room} controller
 */
function roomView({ t, state: { room } }, controller) {
  const { chat, floor = true, admit, closed = false } = room ?? {};
  const turn = (
    /** @type {string} */ name,
    /** @type {boolean} */ on,
    /** @type {Partial<RoomSection>} */ changes,
  ) => html`
    <button type="button" role="switch" class="small" id=${`room-${name}`} aria-checked=${on} @click=${() => controller.set(changes)}>
      <span class="shape ${on ? 'dot' : 'ring'}" aria-hidden="true"></span> ${t(`room.${name}`)}
    </button>`;
  return html`
    <section class="panel room" aria-labelledby="room-heading">
      <div class="section-head"><h2 id="room-heading">${t('room.heading')}</h2></div>
      <div class="room-choice" role="group" aria-labelledby="room-chat">
        <span id="room-chat" class="quiet">${t('room.chat')}</span>
        ${CHAT_MODES.map((mode) => html`<button type="button" class="small" data-chat-mode=${mode} aria-pressed=${chat === mode} @click=${() => controller.set({ chat: mode })}>${t(`room.chat.${mode}`)}</button>`)}
      </div>
      <div class="room-choice">
        ${turn('floor', floor, { floor: !floor })}
        ${turn('approve', admit === 'approve', { admit: admit === 'approve' ? 'everyone' : 'approve' })}
        ${turn('closed', closed, { closed: !closed })}
      </div>
    </section>`;
}

/** @type {Feature<Room>} */
export const room = {
  controller: (frame) => new Room(frame),
  view: { side: roomView },
  place: { side: 35 },
};
