/**
 * The frame of the student page: the form to join, the reception of the lesson, and the language. All that is decided
 * about the connection is decided in `lib/receiver.js`; what is shown of the lesson belongs to the features, and
 * `feature.d.ts` says what one is.
 *
 * `document.body.dataset.state` is the state of the receiver, or `idle` before joining, or `passcode`.
 */

import { canSend } from '../lib/can_send.js';
import { EventLog } from '../lib/event_log.js';
import { bestLanguage, languageOf, Translator } from '../lib/i18n.js';
import { Receiver } from '../lib/receiver.js';
import { Signaling } from '../lib/signaling.js';
import { recall, recallInTab, remember, rememberInTab } from '../lib/storage.js';
import { started } from '../loading/started.js';
import { element } from './elements.js';
import { FEATURES } from './features/index.js';
import { JoinForm } from './join_form.js';
import { signalingServer } from './signaling_server.js';
import { languageSwitch, translateDocument } from './texts.js';

/**
 * @import {Language} from '../lib/i18n.js'
 * @import {CanSend} from '../lib/can_send.js'
 * @import {FromPage} from '../lib/protocol.d.ts'
 * @import {State} from '../lib/receiver.js'
 * @import {Feature} from './feature.d.ts'
 */

/** How often a place in a class that is full or closed is asked for. */
const PLACE_MS = 15000;

class StudentPage {
  #translator;
  #eventLog = new EventLog();
  #form = new JoinForm(() => this.#join());
  #lesson = element('lesson', HTMLElement);
  #showLanguage;
  /** @type {Feature[]} */
  #features;
  /** @type {Receiver | null} */
  #receiver = null;
  /** @type {CanSend | undefined} */
  #canSend;
  /** @type {State | null} */
  #state = null;
  /** @type {string | null} */
  #why = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waitForPlace;
  /** Whether a place in a full class is being asked for again; until it is there, the page keeps saying why. */
  #asksForPlace = false;

  /** @param {Translator} translator */
  constructor(translator) {
    this.#translator = translator;
    void canSend().then((answer) => {
      this.#canSend = answer;
    });
    const frame = {
      translator,
      eventLog: this.#eventLog,
      join: () => this.#join(),
      send: (/** @type {FromPage} */ message) => this.#receiver?.send(message),
      stamp: (/** @type {'audio' | 'video'} */ kind) => this.#receiver?.stamp(kind) ?? null,
    };
    this.#features = FEATURES.map((FeatureClass) => new FeatureClass(frame));
    this.#showLanguage = languageSwitch((language) => {
      remember('language', language);
      this.#setLanguage(language);
    });
    addEventListener('online', () => this.#receiver?.hurry());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#receiver?.hurry();
    });
    addEventListener('pagehide', () => this.#receiver?.stop());
    // A page that comes back from the browser's memory has no connection any more.
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted && this.#receiver && this.#state !== 'ended' && this.#state !== 'refused') this.#join();
    });
    this.#setLanguage(bestLanguage([recall('language') ?? '', ...navigator.languages]));
  }

  #join() {
    const { name, passcode } = this.#form;
    if (name === '') {
      this.#form.askName();
      return;
    }
    this.#receiver?.stop();
    clearTimeout(this.#waitForPlace);
    this.#showLesson();
    this.#tell((feature) => feature.joining?.());
    const { base, broadcaster } = signalingServer();
    this.#receiver = new Receiver({
      signaling: (events) => new Signaling({ name, passcode, base, events }),
      broadcaster,
      ticket: recallInTab('ticket'),
      hello: { language: this.#translator.language, device: deviceMark(), can_send: this.#canSend },
      relayOnly: new URLSearchParams(location.hash.slice(1)).get('relay') !== null,
      eventLog: this.#eventLog,
      events: {
        onState: (state, why) => this.#showState(state, why),
        onStream: (stream) => this.#tell((feature) => feature.streamed?.(stream)),
        onGreeted: () => this.#tell((feature) => feature.greeted?.()),
        onMessage: (type, fields) => this.#heard(type, fields),
        onFigures: (figures) => this.#tell((feature) => feature.measured?.(figures)),
      },
    });
    this.#receiver.start();
  }

  /** Shows the lesson instead of the form; the focus goes along, or it would be nowhere once its button is hidden. */
  #showLesson() {
    const pressed = document.activeElement;
    this.#form.hidden = true;
    this.#lesson.hidden = false;
    if (pressed instanceof HTMLElement && (this.#form.contains(pressed) || pressed.id === 'again'))
      this.#lesson.focus();
  }

  /** @param {(feature: Feature) => void} what */
  #tell(what) {
    this.#features.forEach(what);
  }

  /**
   * @param {string} type
   * @param {any} fields
   * @returns {boolean} whether the message means anything to the page
   */
  #heard(type, fields) {
    const welcome = type === 'welcome' || type === 'waiting';
    if (welcome) this.#welcomed(fields);
    const takers = this.#features.flatMap(({ news = {} }) => Object.entries(news).filter(([name]) => name === type));
    for (const [, take] of takers) take(fields);
    return welcome || takers.length > 0;
  }

  /** @param {{language: string | null, ticket: string | null}} welcome */
  #welcomed({ language, ticket }) {
    this.#asksForPlace = false;
    if (ticket) rememberInTab('ticket', ticket);
    const offered = languageOf(language);
    if (offered && recall('language') === null) this.#setLanguage(offered);
  }

  /**
   * @param {State} state
   * @param {string | null} why
   */
  #showState(state, why) {
    if (this.#asksForPlace && state === 'joining') return;
    this.#asksForPlace = false;
    this.#state = state;
    this.#why = why;
    document.body.dataset.state = state;
    this.#tell((feature) => feature.changed?.(state, why));
    if (state === 'refused' && why === 'passcode') this.#askPasscode();
    if (state === 'refused' && (why === 'full' || why === 'closed')) this.#askForPlace();
  }

  /** Somebody may leave; a whole class must not ask in the same instant. */
  #askForPlace() {
    clearTimeout(this.#waitForPlace);
    this.#waitForPlace = setTimeout(
      () => {
        this.#asksForPlace = true;
        this.#join();
      },
      PLACE_MS * (0.8 + 0.4 * Math.random()),
    );
  }

  #askPasscode() {
    this.#state = null;
    document.body.dataset.state = 'passcode';
    this.#lesson.hidden = true;
    this.#form.askPasscode();
  }

  /** @param {Language} language */
  #setLanguage(language) {
    this.#translator.language = language;
    translateDocument(this.#translator);
    this.#showLanguage(language);
    this.#tell((feature) => feature.translated?.());
    const state = this.#state;
    if (state) this.#tell((feature) => feature.changed?.(state, this.#why));
  }
}

/** @returns {string} by which a broadcaster recognises this browser, such as after somebody was removed for good */
function deviceMark() {
  const known = recall('device');
  if (known !== null) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const mark = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  remember('device', mark);
  return mark;
}

new StudentPage(await Translator.load('assets/locales'));
started();
