/**
 * The chat: what the class and the teacher write, and the line to write in. What is written goes to the class or to the
 * teacher alone, as the lesson has it; the line above says which.
 */
import { element } from '../elements.js';

/**
 * @import {Translator} from '../../lib/i18n.js'
 * @import {ChatLine, ChatNews, ClassNews} from '../../lib/protocol.d.ts'
 * @import {Feature, Frame} from '../feature.d.ts'
 */

/** A message that was not answered for so long is sent again; its number keeps it from being doubled. */
const AGAIN_MS = 5000;
const MOST = 200;

/** @implements {Feature} */
export class Chat {
  #frame;
  #translator;
  #panel = element('chat', HTMLDetailsElement);
  #unread = element('chat-unread', HTMLElement);
  #who = element('chat-who', HTMLElement);
  #list = element('chat-messages', HTMLElement);
  #input = element('chat-text', HTMLInputElement);
  #fault = element('chat-fault', HTMLElement);
  /** @type {ClassNews | null} */
  #room = null;
  /** @type {ChatLine[]} */
  #messages = [];
  /** What was written and not answered yet, by its number. @type {Map<number, string>} */
  #waiting = new Map();
  #last = 0;
  #count = 0;

  news = {
    class: (/** @type {ClassNews} */ room) => this.#enter(room),
    chat: (/** @type {ChatNews} */ news) => this.#take(news),
  };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
    this.#translator = frame.translator;
    element('chat-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#write();
    });
    this.#panel.addEventListener('toggle', () => {
      this.#showUnread(0);
      this.#list.scrollTop = this.#list.scrollHeight;
    });
    setInterval(() => this.#sendAgain(), AGAIN_MS);
  }

  translated() {
    this.#showWho();
    this.#showUnread(this.#count);
    this.#list.replaceChildren(...this.#messages.map((message) => this.#row(message)));
  }

  /** @param {ClassNews} room */
  #enter(room) {
    this.#room = room;
    this.#panel.hidden = false;
    this.#showWho();
  }

  #write() {
    const text = this.#input.value.trim();
    if (text === '') return;
    this.#fault.hidden = true;
    this.#input.value = '';
    this.#last = Math.max(this.#last + 1, Date.now());
    this.#waiting.set(this.#last, text);
    this.#frame.send({ type: 'chat', text, n: this.#last });
  }

  #sendAgain() {
    for (const [n, text] of this.#waiting) if (n < Date.now() - AGAIN_MS) this.#frame.send({ type: 'chat', text, n });
  }

  /** @param {ChatNews} news */
  #take({ messages, removed, acknowledged, refused, history }) {
    const fresh = (Array.isArray(messages) ? messages : []).filter(isLine);
    const gone = new Set(Array.isArray(removed) ? removed : []);
    const kept = history ? [] : this.#messages.filter(({ id }) => !gone.has(id));
    this.#messages = [...kept, ...fresh].slice(-MOST);
    const atEnd = this.#list.scrollTop + this.#list.clientHeight >= this.#list.scrollHeight - 40;
    if (history || gone.size > 0) this.translated();
    else this.#list.append(...fresh.map((message) => this.#row(message)));
    while (this.#list.childElementCount > MOST) this.#list.firstElementChild?.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
    if (!history && !this.#panel.open) this.#showUnread(this.#count + fresh.filter(({ own }) => !own).length);
    // What was refused comes first: an answer to a later message counts for all before it.
    if (typeof refused === 'number') this.#refused(refused);
    if (typeof acknowledged === 'number') this.#answered(acknowledged);
  }

  /** @param {number} n */
  #answered(n) {
    for (const each of this.#waiting.keys()) if (each <= n) this.#waiting.delete(each);
  }

  /** @param {number} n */
  #refused(n) {
    const text = this.#waiting.get(n);
    if (text === undefined) return;
    this.#waiting.delete(n);
    if (this.#input.value === '') this.#input.value = text;
    this.#fault.textContent = this.#translator.t('chat.refused');
    this.#fault.hidden = false;
  }

  #showWho() {
    const { t } = this.#translator;
    const room = this.#room;
    if (!room) return;
    const number = String(room.number);
    if (room.muted) this.#who.textContent = t('chat.muted');
    else if (room.chat !== 'everyone') this.#who.textContent = t('chat.to_teacher');
    else this.#who.textContent = t(room.names === 'everyone' ? 'chat.to_class' : 'chat.to_class_as', { number });
  }

  /** @param {number} count */
  #showUnread(count) {
    this.#count = count;
    this.#unread.textContent = count > 0 ? this.#translator.t('chat.unread', { count }) : '';
  }

  /** @param {ChatLine} message */
  #row(message) {
    const { t } = this.#translator;
    const item = document.createElement('div');
    item.className = 'chat-message';
    item.dataset.message = String(message.id);
    const head = document.createElement('p');
    const name = document.createElement('strong');
    name.append(bdi(this.#nameOf(message)));
    head.append(name);
    const at = new Date(message.at);
    if (!Number.isNaN(at.getTime())) head.append(' ', quiet('time', this.#translator.shortTime(at)));
    if (message.private) head.append(' ', quiet('span', t('chat.to_teacher_mark')));
    const text = document.createElement('p');
    text.className = 'chat-text';
    text.append(bdi(message.text));
    item.append(head, text);
    return item;
  }

  /** @param {ChatLine} message */
  #nameOf({ own, teacher, from, number }) {
    const { t } = this.#translator;
    if (own) return t('chat.you');
    if (teacher) return t('chat.teacher');
    return from || t('chat.student', { number: String(number) });
  }
}

/**
 * @param {any} value
 * @returns {value is ChatLine}
 */
function isLine(value) {
  return typeof value === 'object' && value !== null && typeof value.id === 'number' && typeof value.text === 'string';
}

/**
 * Text in a direction of its own, so that it turns nothing beside it around.
 *
 * @param {string} text
 */
function bdi(text) {
  const part = document.createElement('bdi');
  part.textContent = text;
  return part;
}

/**
 * @param {'time' | 'span'} tag
 * @param {string} text
 */
function quiet(tag, text) {
  const part = document.createElement(tag);
  part.className = 'quiet';
  part.textContent = text;
  return part;
}
