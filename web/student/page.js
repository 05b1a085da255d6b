/**
 * The student page: joins parts that know nothing of one another. All that is decided about the connection is
 * decided in `lib/receiver.js`; here it is only shown.
 *
 * `document.body.dataset.state` is the state of the receiver, or `idle` before joining.
 */
import { bestLanguage, languageOf, Translator } from '../lib/i18n.js';
import { Journal } from '../lib/journal.js';
import { recall, recallInTab, remember, rememberInTab } from '../lib/memory.js';
import { PictureSize } from '../lib/picture_size.js';
import { Receiver } from '../lib/receiver.js';
import { Signaling } from '../lib/signaling.js';
import { Details } from './details.js';
import { element } from './elements.js';
import { fullScreenButton } from './full_screen.js';
import { meetingPlace } from './meeting_place.js';
import { PasscodeField } from './passcode_field.js';
import { Sound } from './sound.js';
import { Stage } from './stage.js';
import { headlineOf, hintOf, joinAgainOf, languageSwitch, translateDocument } from './texts.js';
import { WakeLock } from './wake_lock.js';

/** @typedef {import('../lib/receiver.js').State} State */

class StudentPage {
  #translator;
  #journal = new Journal();
  #details;
  #stage = new Stage(() => this.#join());
  #sound;
  #size = new PictureSize(this.#stage.video, (size) => this.#receiver?.showing(size));
  #wakeLock = new WakeLock();
  #form = element('join', HTMLFormElement);
  #name = element('name', HTMLInputElement);
  #passcode = new PasscodeField();
  #lesson = element('lesson', HTMLElement);
  #title = element('title', HTMLElement);
  #stateText = element('state-text', HTMLElement);
  #showLanguage;
  /** @type {Receiver | null} */
  #receiver = null;
  /** @type {State | null} */
  #state = null;
  /** @type {string | null} */
  #why = null;

  /** @param {Translator} translator */
  constructor(translator) {
    this.#translator = translator;
    this.#details = new Details(translator, this.#journal);
    this.#sound = new Sound(this.#stage.video, this.#journal);
    this.#showLanguage = languageSwitch((language) => {
      remember('language', language);
      this.#setLanguage(language);
    });
    fullScreenButton(this.#stage.video);
    this.#name.value ||= recall('name') ?? ''; // somebody may have typed while the texts were loading
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      remember('name', this.#name.value.trim());
      this.#passcode.take();
      this.#join();
    });
    const receives = 'RTCPeerConnection' in globalThis;
    element('old-browser', HTMLElement).hidden = receives;
    // Until here a click would have been lost, and on a slow line that is for seconds.
    element('join-button', HTMLButtonElement).disabled = !receives;
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
    const name = this.#name.value.trim();
    if (name === '') {
      this.#name.focus();
      return;
    }
    this.#receiver?.stop();
    this.#form.hidden = true;
    this.#lesson.hidden = false;
    this.#stage.clear();
    this.#details.figures = null;
    const { base, broadcaster } = meetingPlace();
    const receiver = new Receiver({
      way: (events) => new Signaling({ name, passcode: this.#passcode.value, base, events }),
      broadcaster,
      ticket: recallInTab('ticket'),
      hello: { language: this.#translator.language, device: deviceMark() },
      relayOnly: new URLSearchParams(location.hash.slice(1)).get('relay') !== null,
      journal: this.#journal,
      events: {
        onState: (state, why) => this.#showState(state, why),
        onStream: (stream) => {
          if (this.#stage.attach(stream)) void this.#sound.play();
        },
        onWelcome: (welcome) => this.#welcome(welcome),
        onFigures: (figures) => {
          this.#details.figures = figures;
        },
      },
    });
    this.#receiver = receiver;
    receiver.start();
    receiver.showing(this.#size.now); // now that the page has its place for the picture
  }

  /** @param {import('../lib/receiver.js').Welcome} welcome */
  #welcome({ title, language, ticket }) {
    rememberInTab('ticket', ticket);
    if (title) {
      this.#title.removeAttribute('data-text');
      this.#title.textContent = title;
      document.title = title;
    }
    const offered = languageOf(language);
    if (offered && recall('language') === null) this.#setLanguage(offered);
  }

  /**
   * @param {State} state
   * @param {string | null} why
   */
  #showState(state, why) {
    this.#state = state;
    this.#why = why;
    document.body.dataset.state = state;
    this.#wakeLock.wanted = state === 'live';
    if (state === 'ended' || (state === 'refused' && why !== 'passcode')) this.#sound.rest();
    const { t } = this.#translator;
    this.#stateText.textContent = t(`state.${state}`);
    const headline = headlineOf(this.#translator, state, why);
    const hint = hintOf(this.#translator, state, why);
    this.#stage.show(state, headline, hint, joinAgainOf(this.#translator, state, why));
    if (state === 'refused' && why === 'passcode') this.#askPasscode();
  }

  #askPasscode() {
    this.#state = null;
    document.body.dataset.state = 'passcode';
    this.#lesson.hidden = true;
    this.#form.hidden = false;
    this.#passcode.ask();
  }

  /** @param {import('../lib/i18n.js').Language} language */
  #setLanguage(language) {
    this.#translator.language = language;
    translateDocument(this.#translator);
    this.#showLanguage(language);
    this.#details.show();
    if (this.#title.hasAttribute('data-text')) document.title = this.#translator.t('student.title');
    if (this.#state) this.#showState(this.#state, this.#why);
  }
}

/** @returns {string} by which a broadcaster recognises this browser, as after somebody was removed for good */
function deviceMark() {
  const known = recall('device');
  if (known !== null) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const mark = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  remember('device', mark);
  return mark;
}

new StudentPage(await Translator.load('assets/locales'));
