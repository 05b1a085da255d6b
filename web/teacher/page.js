/**
 * The teacher page: everything shown is `render(view(state))`, everything done is a request to the broadcaster whose
 * effect comes back as state.
 *
 * `document.body.dataset.control` is the state of the control connection, or `gate`, or `ended`.
 */
import { copy } from '../lib/clipboard.js';
import { Control, ControlError } from '../lib/control.js';
import { bestLanguage, clockTime, languageOf, Translator } from '../lib/i18n.js';
import { recall, remember } from '../lib/memory.js';
import { render } from '../vendor/lit-html/lit-html.js';
import { sentenceOf } from './errors.js';
import { Faders, setFaders } from './faders.js';
import { Folds } from './folds.js';
import { Keys } from './keys.js';
import { leaveFullScreen, showLarge } from './large.js';
import { Meters } from './meters.js';
import { Model } from './model.js';
import { Monitor } from './monitor.js';
import { Notices } from './notices.js';
import { Prompter } from './prompter.js';
import { Publishing } from './publishing.js';
import { Reasons } from './reasons.js';
import { Slides } from './slides.js';
import { Studio } from './studio.js';
import { Thumbnails } from './thumbnails.js';
import { forgetToken, keepToken, takeToken } from './token.js';
import { boardView } from './views/board.js';
import { gateView, messageView } from './views/gate.js';
import { setInputs } from './views/input.js';
import { followInvitation } from './views/publish.js';
import { Visitors } from './visitors.js';

/** What the address of the control websocket answers to whoever asks for no websocket. */
const UPGRADE_REQUIRED = 426;

/**
 * What a view may use: the state, ways to write it down, and what buttons do.
 *
 * @typedef {ReturnType<TeacherPage['scope']>} Scope
 */

class TeacherPage {
  #translator;
  #reasons;
  #root = /** @type {HTMLElement} */ (document.getElementById('root'));
  #model = new Model();
  #meters = new Meters();
  #thumbnails = new Thumbnails();
  #faders = new Faders(
    (input, gain) => this.#ask('audio.set', { input, gain }),
    () => this.#draw(),
  );
  #delays = new Faders(
    (input, delay) => this.#ask('audio.set', { input, delay }),
    () => this.#draw(),
  );
  #ducks = new Faders(
    (input, duck) => this.#ask('audio.set', { input, duck }),
    () => this.#draw(),
  );
  #command = (/** @type {string} */ method, /** @type {Record<string, unknown>} */ params) => this.#ask(method, params);
  #state = () => this.#model.state;
  #visitors = new Visitors(this.#command, () => this.#drawNow());
  #studio = new Studio(this.#command, this.#state, () => this.#draw());
  #slides = new Slides(this.#command, this.#state);
  #prompter = new Prompter(this.#command);
  #monitor = new Monitor(() => this.#monitorChanged());
  #keys = new Keys({ studio: this.#studio, slides: this.#slides, model: () => this.#model });
  #notices = new Notices(() => this.#draw());
  #folds = new Folds();
  #publishing = new Publishing(
    () => this.#draw(),
    (error) => this.#notices.say(sentenceOf(error, this.#translator.t)),
  );
  /** @type {Control | null} */
  #control = null;
  /** @type {import('../lib/control.js').ControlState | 'gate' | 'ended'} */
  #stage = 'gate';
  /** Whether the lesson answers and only its websocket does not. */
  #blocked = false;
  #denied = false;
  #listening = false;
  #drawing = false;
  #token = '';

  /**
   * @param {Translator} translator
   * @param {Reasons} reasons
   */
  constructor(translator, reasons) {
    this.#translator = translator;
    this.#reasons = reasons;
    this.#translator.language = bestLanguage([recall('language') ?? '', ...navigator.languages]);
    addEventListener('keydown', (event) => {
      if (this.#model.known && this.#stage === 'open') this.#keys.pressed(event);
    });
    addEventListener('hashchange', () => this.#enter(takeToken()));
    addEventListener('online', () => {
      this.#control?.hurry();
      this.#monitor.hurry();
    });
    addEventListener('pagehide', () => this.#stopMedia());
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted && this.#stage !== 'ended') this.#enter(this.#token || null);
    });
    setInterval(() => this.#draw(), 1000);
    this.#enter(takeToken());
  }

  /** @param {string | null} token */
  #enter(token) {
    this.#control?.stop();
    this.#stopMedia();
    this.#model = new Model();
    if (!token) {
      this.#stage = 'gate';
      this.#draw();
      return;
    }
    this.#token = token;
    const address = new URL('control', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const control = new Control({
      address: address.href,
      token,
      events: {
        onState: (state) => {
          if (control === this.#control) this.#controlChanged(state);
        },
        onHello: (result) => this.#begin(result),
        onNotification: (method, params) => this.#notified(method, params),
      },
    });
    this.#control = control;
    void control.watch({ meters: true, thumbnails: true });
    control.start();
  }

  /** What to say while nothing is known of the lesson. */
  #missing() {
    if (this.#control?.crowded) return 'crowded';
    if (this.#blocked) return 'blocked';
    return this.#stage === 'lost' ? 'unreachable' : 'connecting';
  }

  /**
   * A page is never told why its websocket was refused. Where the lesson answers an ordinary request at the same
   * address, it is not the lesson that is missing.
   */
  async #lookWhy() {
    try {
      const { status } = await fetch('control', { cache: 'no-store' });
      this.#blocked = status === UPGRADE_REQUIRED;
    } catch {
      this.#blocked = false;
    }
    this.#draw();
  }

  /** @param {import('../lib/control.js').ControlState} state */
  #controlChanged(state) {
    if (this.#stage === 'ended') return;
    this.#stage = state;
    if (state === 'lost') {
      if (!this.#model.known) void this.#lookWhy();
      this.#monitor.lost();
      this.#publishing.lost();
    }
    if (state === 'denied') {
      forgetToken();
      this.#token = '';
      this.#denied = true;
      this.#stage = 'gate';
      this.#stopMedia();
    }
    this.#draw();
  }

  /** @param {any} result */
  #begin(result) {
    this.#denied = false;
    this.#model.begin(result);
    const language = languageOf(this.#model.state.lesson?.language);
    if (language && recall('language') === null) this.#translator.language = language;
    if (this.#control) {
      this.#monitor.begin(this.#control);
      this.#publishing.begin(this.#control);
    }
    this.#draw();
  }

  /**
   * @param {string} method
   * @param {any} params
   */
  #notified(method, params) {
    switch (method) {
      case 'state':
        if (this.#model.change(params)) this.#draw();
        break;
      case 'peer':
        this.#monitor.take(params);
        this.#publishing.take(params);
        break;
      case 'meters':
        this.#meters.levels = params.levels ?? {};
        break;
      case 'thumbnail':
        void this.#thumbnails.take(params);
        break;
      default: // Of a newer broadcaster: what it means is not known here.
    }
  }

  #monitorChanged() {
    if (this.#monitor.state === 'ended') this.#ended();
    this.#draw();
  }

  #ended() {
    this.#stage = 'ended';
    this.#control?.stop();
    this.#stopMedia();
    this.#draw();
  }

  #stopMedia() {
    this.#monitor.stop();
    this.#publishing.stop();
  }

  /**
   * @param {string} method
   * @param {Record<string, unknown>} params
   * @returns {Promise<number | null>} the revision that the command brought about, or null when it failed
   */
  async #ask(method, params) {
    try {
      if (!this.#control) throw new ControlError(0, 'not connected');
      const result = await this.#control.request(method, params);
      return Number(result?.revision ?? this.#model.revision);
    } catch (error) {
      this.#notices.say(sentenceOf(error, this.#translator.t));
      return null;
    }
  }

  /** @param {string} text */
  async #copy(text) {
    if (await copy(text, document)) this.#notices.sayCopied(text);
    else this.#notices.say(this.#translator.t('invite.not_copied'));
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
    const { t, tag } = this.#translator;
    const scope = this.scope();
    document.documentElement.lang = tag;
    document.title = this.#model.state.lesson?.title ?? t('teacher.title');
    document.body.dataset.control = this.#stage;
    for (const held of [this.#faders, this.#delays, this.#ducks]) held.settle(this.#model.revision);
    if (this.#stage === 'ended') render(messageView(scope, 'ended'), this.#root);
    else if (this.#stage === 'gate') render(gateView(scope, this.#denied), this.#root);
    else if (!this.#model.known) render(messageView(scope, this.#missing()), this.#root);
    else {
      render(boardView(scope), this.#root);
      followInvitation(this.#publishing);
      setFaders(this.#faders, this.#model.state.audio ?? {});
      setInputs({ delay: this.#delays, duck: this.#ducks }, this.#model.state.audio ?? {});
      this.#studio.follow();
      this.#thumbnails.scenes = this.#model.state.scenes ?? {};
    }
  }

  scope() {
    const translator = this.#translator;
    const elapsed = this.#model.elapsed;
    return {
      t: translator.t,
      language: translator.language,
      number: (/** @type {number} */ value, digits = 0) => translator.number(value, digits),
      decibels: (/** @type {number} */ value) => translator.t('unit.db', { value: translator.signed(value, 1) }),
      time: (/** @type {string} */ moment) => translator.shortTime(new Date(moment)),
      say: (/** @type {import('./reasons.js').Said} */ said) => this.#reasons.say(translator.language, said),
      state: this.#model.state,
      clock: elapsed === null ? '–:––' : clockTime(elapsed),
      connected: this.#stage === 'open',
      sentence: this.#notices.sentence,
      copied: this.#notices.copied,
      monitor: this.#monitor,
      publishing: this.#publishing,
      faders: this.#faders,
      delays: this.#delays,
      ducks: this.#ducks,
      visitors: this.#visitors,
      studio: this.#studio,
      folds: this.#folds,
      listening: this.#listening,
      slides: this.#slides,
      prompter: this.#prompter,
      keysOn: this.#keys.on,
      actions: this.#actions,
    };
  }

  #actions = {
    enter: (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const input = document.getElementById('token');
      if (!(input instanceof HTMLInputElement) || input.value.trim() === '') return;
      keepToken(input.value.trim());
      this.#enter(input.value.trim());
    },
    restart: (/** @type {string} */ source) => void this.#ask('source.restart', { source }),
    setMuted: (/** @type {string} */ input, /** @type {boolean} */ muted) =>
      void this.#ask('audio.set', { input, muted }),
    setHeard: (/** @type {string} */ input, /** @type {string} */ heard) =>
      void this.#ask('audio.set', { input, heard }),
    moveFader: (/** @type {string} */ input, /** @type {number} */ gain, /** @type {boolean} */ released) =>
      this.#faders.move(input, gain, released),
    toggleListen: () => {
      this.#listening = !this.#listening;
      this.#draw();
    },
    toggleKeys: () => {
      this.#keys.toggle();
      this.#draw();
    },
    setLanguage: (/** @type {import('../lib/i18n.js').Language} */ language) => {
      this.#translator.language = language;
      remember('language', language);
      this.#draw();
    },
    hideSentence: () => this.#notices.say(''),
    copy: (/** @type {string} */ text) => void this.#copy(text),
    showJoin: () => showLarge(dialogElement('join-dialog')),
    joinHidden: () => leaveFullScreen(),
    askEnd: () => dialogElement('end-dialog')?.showModal(),
    end: async () => {
      dialogElement('end-dialog')?.close();
      if ((await this.#ask('lesson.end', {})) !== null) this.#ended();
    },
  };
}

/**
 * @param {string} id
 * @returns {HTMLDialogElement | null}
 */
function dialogElement(id) {
  const dialog = document.getElementById(id);
  return dialog instanceof HTMLDialogElement ? dialog : null;
}

const FOLDER = 'assets/locales';
new TeacherPage(...(await Promise.all([Translator.load(FOLDER), Reasons.load(FOLDER)])));
