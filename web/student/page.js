/**
 * The student page: joins parts that know nothing of one another. All that is decided about the connection is
 * decided in `lib/receiver.js`; here it is only shown.
 *
 * `document.body.dataset.state` is the state of the receiver, or `idle` before joining.
 */
import { bestLanguage, languageOf, Translator } from '../lib/i18n.js';
import { Journal } from '../lib/journal.js';
import { recall, remember } from '../lib/memory.js';
import { PictureSize } from '../lib/picture_size.js';
import { Receiver } from '../lib/receiver.js';
import { Signaling } from '../lib/signaling.js';
import { Details } from './details.js';
import { element } from './elements.js';
import { fullScreenButton } from './full_screen.js';
import { meetingPlace } from './meeting_place.js';
import { Sound } from './sound.js';
import { Stage } from './stage.js';
import { languageSwitch, translateDocument } from './texts.js';
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
      way: (events) => new Signaling({ name, base, events }),
      broadcaster,
      hello: { language: this.#translator.language },
      relayOnly: new URLSearchParams(location.hash.slice(1)).has('relay'),
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
    receiver.showing(this.#size.now);
    receiver.start();
  }

  /** @param {import('../lib/receiver.js').Welcome} welcome */
  #welcome({ title, language }) {
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
    const { t } = this.#translator;
    this.#stateText.textContent = t(`state.${state}`);
    this.#stage.show(state, t(`state.${state}`), this.#hint(state, why));
  }

  /**
   * @param {State} state
   * @param {string | null} why a word that the texts know, or a sentence of the server's
   */
  #hint(state, why) {
    const { t } = this.#translator;
    if (why === null) return t(`hint.${state}`);
    const key = [`refused.${why}`, `hint.${why}`].find((each) => this.#translator.has(each));
    return key ? t(key) : why;
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

new StudentPage(await Translator.load('/assets/locales'));
