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
import { Faders } from './faders.js';
import { sceneIndex } from './keys.js';
import { leaveFullScreen, showLarge } from './large.js';
import { Meters } from './meters.js';
import { Model } from './model.js';
import { Monitor } from './monitor.js';
import { Thumbnails } from './thumbnails.js';
import { forgetToken, keepToken, takeToken } from './token.js';
import { boardView } from './views/board.js';
import { gateView, messageView } from './views/gate.js';
import { Visitors } from './visitors.js';

const SENTENCE_MS = 8000;
const COPIED_MS = 3000;

/**
 * What a view may use: the state, ways to write it down, and what buttons do.
 *
 * @typedef {ReturnType<TeacherPage['scope']>} Scope
 */

class TeacherPage {
  #translator;
  #root = /** @type {HTMLElement} */ (document.getElementById('root'));
  #model = new Model();
  #meters = new Meters();
  #thumbnails = new Thumbnails();
  #faders = new Faders(
    (input, gain) => this.#ask('audio.set', { input, gain }),
    () => this.#draw(),
  );
  #visitors = new Visitors(
    (method, params) => this.#ask(method, params),
    () => this.#drawNow(),
  );
  #monitor = new Monitor(() => this.#monitorChanged());
  /** @type {Control | null} */
  #control = null;
  /** @type {import('../lib/control.js').ControlState | 'gate' | 'ended'} */
  #stage = 'gate';
  #denied = false;
  #listening = false;
  #keysOn = recall('keys') !== 'off';
  #sentence = '';
  /** What was copied a moment ago. */
  #copied = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #copiedTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sentenceTimer;
  #drawing = false;
  #token = '';

  /** @param {Translator} translator */
  constructor(translator) {
    this.#translator = translator;
    this.#translator.language = bestLanguage([recall('language') ?? '', ...navigator.languages]);
    addEventListener('keydown', (event) => this.#keyPressed(event));
    addEventListener('hashchange', () => this.#enter(takeToken()));
    addEventListener('online', () => {
      this.#control?.hurry();
      this.#monitor.hurry();
    });
    addEventListener('pagehide', () => this.#monitor.stop());
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted && this.#stage !== 'ended') this.#enter(this.#token || null);
    });
    setInterval(() => this.#draw(), 1000);
    this.#enter(takeToken());
  }

  /** @param {string | null} token */
  #enter(token) {
    this.#control?.stop();
    this.#monitor.stop();
    this.#model = new Model();
    if (!token) {
      this.#stage = 'gate';
      this.#draw();
      return;
    }
    this.#token = token;
    const address = new URL('/control', location.href);
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

  /** @param {import('../lib/control.js').ControlState} state */
  #controlChanged(state) {
    if (this.#stage === 'ended') return;
    this.#stage = state;
    if (state === 'lost') this.#monitor.lost();
    if (state === 'denied') {
      forgetToken();
      this.#token = '';
      this.#denied = true;
      this.#stage = 'gate';
      this.#monitor.stop();
    }
    this.#draw();
  }

  /** @param {any} result */
  #begin(result) {
    this.#denied = false;
    this.#model.begin(result);
    const language = languageOf(this.#model.state.lesson?.language);
    if (language && recall('language') === null) this.#translator.language = language;
    if (this.#control) this.#monitor.begin(this.#control);
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
    this.#monitor.stop();
    this.#draw();
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
      this.#say(sentenceOf(error, this.#translator.t));
      return null;
    }
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.#sentence = sentence;
    clearTimeout(this.#sentenceTimer);
    this.#sentenceTimer = setTimeout(() => this.#say(''), SENTENCE_MS);
    this.#draw();
  }

  /** @param {string} text */
  async #copy(text) {
    if (!(await copy(text, document))) {
      this.#say(this.#translator.t('invite.not_copied'));
      return;
    }
    this.#copied = text;
    clearTimeout(this.#copiedTimer);
    this.#copiedTimer = setTimeout(() => {
      this.#copied = '';
      this.#draw();
    }, COPIED_MS);
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #keyPressed(event) {
    const index = this.#keysOn && this.#model.known && this.#stage === 'open' ? sceneIndex(event) : null;
    const scene = index === null ? undefined : this.#model.sceneNames[index];
    if (scene === undefined) return;
    event.preventDefault();
    void this.#ask('program.switch', { scene });
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
    this.#faders.settle(this.#model.revision);
    if (this.#stage === 'ended') render(messageView(scope, 'ended'), this.#root);
    else if (this.#stage === 'gate') render(gateView(scope, this.#denied), this.#root);
    else if (!this.#model.known)
      render(messageView(scope, this.#stage === 'lost' ? 'unreachable' : 'connecting'), this.#root);
    else {
      render(boardView(scope), this.#root);
      this.#setFaders();
      this.#thumbnails.scenes = this.#model.state.scenes ?? {};
    }
  }

  /** A slider keeps what a finger did to it, so it is set to the state by hand whenever nobody moves it. */
  #setFaders() {
    for (const slider of document.querySelectorAll('input[data-fader]')) {
      const name = slider.getAttribute('data-fader') ?? '';
      const gain = this.#model.state.audio?.[name]?.gain;
      if (slider instanceof HTMLInputElement && gain !== undefined && this.#faders.value(name) === null) {
        slider.valueAsNumber = gain;
      }
    }
  }

  scope() {
    const translator = this.#translator;
    const elapsed = this.#model.elapsed;
    return {
      t: translator.t,
      language: translator.language,
      number: (/** @type {number} */ value, digits = 0) => translator.number(value, digits),
      decibels: (/** @type {number} */ value) => translator.t('unit.db', { value: signed(translator, value) }),
      time: (/** @type {string} */ moment) => translator.shortTime(new Date(moment)),
      state: this.#model.state,
      clock: elapsed === null ? '–:––' : clockTime(elapsed),
      connected: this.#stage === 'open',
      sentence: this.#sentence,
      copied: this.#copied,
      monitor: this.#monitor,
      faders: this.#faders,
      visitors: this.#visitors,
      listening: this.#listening,
      keysOn: this.#keysOn,
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
    switchTo: (/** @type {string} */ scene) => void this.#ask('program.switch', { scene }),
    restart: (/** @type {string} */ source) => void this.#ask('source.restart', { source }),
    setMuted: (/** @type {string} */ input, /** @type {boolean} */ muted) =>
      void this.#ask('audio.set', { input, muted }),
    moveFader: (/** @type {string} */ input, /** @type {number} */ gain, /** @type {boolean} */ released) =>
      this.#faders.move(input, gain, released),
    toggleListen: () => {
      this.#listening = !this.#listening;
      this.#draw();
    },
    toggleKeys: () => {
      this.#keysOn = !this.#keysOn;
      remember('keys', this.#keysOn ? 'on' : 'off');
      this.#draw();
    },
    setLanguage: (/** @type {import('../lib/i18n.js').Language} */ language) => {
      this.#translator.language = language;
      remember('language', language);
      this.#draw();
    },
    hideSentence: () => this.#say(''),
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

/**
 * @param {Translator} translator
 * @param {number} value
 */
function signed(translator, value) {
  const size = translator.number(Math.abs(value), 1);
  if (value === 0) return size;
  return value > 0 ? `+${size}` : `−${size}`;
}

new TeacherPage(await Translator.load('/assets/locales'));
