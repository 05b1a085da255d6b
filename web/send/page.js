/**
 * The page of a device that was invited to send one source, such as a phone that becomes a camera of the lesson.
 *
 * `document.body.dataset.send` is `nothing` (no link), `insecure`, `connecting`, `lost`, `crowded`, `denied`, `ready`,
 * or the state of the publisher while something is sent.
 */
import { obstacle } from '../lib/capture.js';
import { Control } from '../lib/control.js';
import { bestLanguage, languageOf, Translator } from '../lib/i18n.js';
import { Sender } from '../lib/sender.js';
import { recall, remember } from '../lib/storage.js';
import { started } from '../loading/started.js';
import { WakeLock } from '../student/features/wake_lock.js';
import { render } from '../vendor/lit-html/lit-html.js';
import { takeInvitation } from './invitation.js';
import { sendView } from './view.js';

/** @import {GuestNews} from '../lib/protocol.d.ts' */

class SendPage {
  #translator;
  #root = /** @type {HTMLElement} */ (document.getElementById('root'));
  #wakeLock = new WakeLock();
  #sender;
  #control;
  /** @type {import('../lib/control.js').ControlState} */
  #connection = 'connecting';
  #title = '';
  /** @type {GuestNews} */
  #news = { on_air: false, sound: false };
  /** Whether somebody has said if the microphone is to be sent; until then the lesson does. */
  #chosen = false;
  /** @type {string[]} */
  #secure = [];
  #drawing = false;

  /**
   * @param {Translator} translator
   * @param {import('./invitation.js').Invitation | null} invitation
   */
  constructor(translator, invitation) {
    this.#translator = translator;
    translator.language = bestLanguage([recall('language') ?? '', ...navigator.languages]);
    this.#sender = new Sender(invitation?.source ?? '', { microphone: false, changed: () => this.#draw() });
    this.#sender.facing = 'environment';
    this.#control = invitation === null ? null : this.#connect(invitation.key);
    addEventListener('online', () => this.#control?.hurry());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#control?.hurry();
    });
    addEventListener('hashchange', () => location.reload());
    this.#draw();
  }

  /** @param {string} key */
  #connect(key) {
    const address = new URL('control', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const control = new Control({
      address: address.href,
      key,
      events: {
        onState: (state) => this.#connectionChanged(state),
        onHello: (result) => {
          if ('source' in result) this.#welcome(result); // always, for the key of an invitation
          this.#sender.publisher.begin(control);
        },
        onNotification: (method, params) => {
          if (method === 'peer') this.#sender.publisher.take(params);
          if (method === 'guest') this.#told(params);
        },
      },
    });
    control.start();
    return control;
  }

  /** @param {import('../lib/control.js').ControlState} state */
  #connectionChanged(state) {
    this.#connection = state;
    if (state === 'lost') this.#sender.publisher.lost();
    if (state === 'denied') this.#sender.stop();
    this.#draw();
  }

  /** @param {import('../lib/protocol.d.ts').GuestWelcome} result */
  #welcome({ title, language, secure_addresses: secure, ...news }) {
    this.#title = title;
    this.#secure = secure;
    const offered = languageOf(language);
    if (offered && recall('language') === null) this.#translator.language = offered;
    this.#told(news);
  }

  /** @param {GuestNews} news */
  #told(news) {
    this.#news = news;
    // Sound that goes nowhere would only cost the phone's battery.
    if (!this.#chosen && this.#sender.what === null) this.#sender.microphone = news.sound;
    this.#draw();
  }

  /** @param {boolean} wanted */
  #chooseMicrophone(wanted) {
    this.#chosen = true;
    this.#sender.microphone = wanted;
    if (this.#sender.what === 'camera') void this.#sender.sendCamera();
    this.#draw();
  }

  #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const translator = this.#translator;
    const state = this.#state();
    document.documentElement.lang = translator.tag;
    const onAir = state === 'sending' && this.#news.on_air;
    const title = translator.t('send.page_title');
    document.title = onAir ? `● ${translator.t('send.page_on_air')} – ${title}` : title;
    document.body.dataset.send = state;
    document.body.dataset.onAir = String(onAir);
    this.#wakeLock.wanted = this.#sender.what !== null;
    render(
      sendView({
        t: translator.t,
        language: translator.language,
        state,
        title: this.#title,
        sender: this.#sender,
        onAir,
        sound: this.#news.sound,
        chooseMicrophone: (wanted) => this.#chooseMicrophone(wanted),
        secure: this.#secure[0] === undefined ? null : `${this.#secure[0]}${location.hash}`,
        setLanguage: (language) => {
          translator.language = language;
          remember('language', language);
          this.#draw();
        },
      }),
      this.#root,
    );
  }

  #state() {
    if (this.#control === null) return 'nothing';
    if (this.#connection === 'denied') return 'denied';
    if (this.#connection === 'lost' && this.#control.crowded) return 'crowded';
    if (this.#sender.what !== null) return this.#sender.publisher.state;
    if (this.#connection !== 'open') return this.#connection;
    return obstacle('camera') === 'insecure' ? 'insecure' : 'ready';
  }
}

new SendPage(await Translator.load('assets/locales'), takeInvitation());
started();
