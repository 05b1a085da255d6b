/**
 * The frame of the teacher page: the control connection, the token, the language, and the slots that features fill.
 * Everything shown is `render(view(state))`; everything done is a request to the broadcaster, whose effect comes back as
 * state. What there is to see and to do belongs to the features; `feature.d.ts` says what one is.
 *
 * `document.body.dataset.control` is the state of the control connection, or `gate`, or `ended`.
 */
import { copy } from '../lib/clipboard.js';
import { Control, ControlError } from '../lib/control.js';
import { bestLanguage, languageOf, Translator } from '../lib/i18n.js';
import { recall, remember } from '../lib/storage.js';
import { started } from '../loading/started.js';
import { render } from '../vendor/lit-html/lit-html.js';
import { sentenceOf } from './errors.js';
import { FeatureSet } from './feature_set.js';
import { FEATURES } from './features/index.js';
import { Folds } from './fold.js';
import { KeptFocus } from './kept_focus.js';
import { Keys } from './keys.js';
import { Model } from './model.js';
import { Notices } from './notices.js';
import { Reasons } from './reasons.js';
import { forgetToken, keepToken, takeToken } from './token.js';
import { gateView, lessonView, messageView } from './views.js';

/**
 * @import {ControlState, Method, Replies} from '../lib/control.js'
 * @import {CommandReply, TeacherWelcome} from '../lib/protocol.d.ts'
 * @import {Scope} from './feature.d.ts'
 */

/** What the address of the control websocket answers to an ordinary request. */
const UPGRADE_REQUIRED = 426;

class TeacherPage {
  #translator;
  #reasons;
  #root = /** @type {HTMLElement} */ (document.getElementById('root'));
  #model = new Model();
  #notices = new Notices(() => this.#draw());
  #folds = new Folds();
  #features = new FeatureSet(FEATURES, {
    state: () => this.#model.state,
    request: (method, params) => this.#request(method, params),
    ask: (method, params) => this.#ask(method, params),
    draw: () => this.#draw(),
    drawNow: () => this.#drawNow(),
    end: () => this.#ended(),
  });
  #focus = new KeptFocus();
  #keys = new Keys(this.#features.keys, () => this.#draw());
  /** @type {Control | null} */
  #control = null;
  /** @type {ControlState | 'gate' | 'ended'} */
  #stage = 'gate';
  /** Whether the connection stands and nobody answers. */
  #hung = false;
  /** Whether the lesson answers and only its websocket does not. */
  #blocked = false;
  #denied = false;
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
      if (this.#model.known && this.#connected) this.#keys.pressed(event);
    });
    addEventListener('hashchange', () => this.#enter(takeToken()));
    addEventListener('online', () => {
      this.#control?.hurry();
      this.#features.each((feature) => feature.hurry?.());
    });
    addEventListener('pagehide', () => this.#stopFeatures());
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted && this.#stage !== 'ended') this.#enter(this.#token || null);
    });
    setInterval(() => this.#draw(), 1000);
    this.#enter(takeToken());
  }

  /** @param {string | null} token */
  #enter(token) {
    this.#control?.stop();
    this.#stopFeatures();
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
        onHello: (result) => {
          if ('state' in result) this.#begin(result); // always, for a teacher's token
        },
        onNotification: (method, params) => this.#notified(method, params),
        onHung: (hung) => {
          this.#hung = hung;
          this.#draw();
        },
      },
    });
    this.#control = control;
    void control.watch(this.#features.watched);
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

  /** @param {ControlState} state */
  #controlChanged(state) {
    if (this.#stage === 'ended') return;
    this.#stage = state;
    if (state === 'lost') {
      if (!this.#model.known) void this.#lookWhy();
      this.#features.each((feature) => feature.lost?.());
    }
    if (state === 'denied') {
      forgetToken();
      this.#token = '';
      this.#denied = true;
      this.#stage = 'gate';
      this.#stopFeatures();
    }
    this.#draw();
  }

  /** @param {CommandReply & TeacherWelcome} result */
  #begin(result) {
    this.#denied = false;
    this.#model.begin(result);
    const language = languageOf(this.#model.state.lesson?.language);
    if (language && recall('language') === null) this.#translator.language = language;
    const control = this.#control;
    if (control) this.#features.each((feature) => feature.begin?.(control));
    this.#draw();
  }

  /**
   * @param {string} method
   * @param {any} params
   */
  #notified(method, params) {
    const news = method === 'state' ? this.#model.change(params) : this.#model.add(method, params);
    if (news) this.#draw();
    else if (method !== 'state') this.#features.take(method, params);
  }

  #ended() {
    this.#stage = 'ended';
    this.#control?.stop();
    this.#stopFeatures();
    this.#draw();
  }

  #stopFeatures() {
    this.#features.each((feature) => feature.stop?.());
  }

  /**
   * @template {Method} M
   * @param {M} method
   * @param {Record<string, unknown>} params
   * @returns {Promise<Replies[M] | null>} the result, or null when it failed
   */
  async #request(method, params) {
    try {
      if (!this.#control) throw new ControlError(0, 'not connected');
      return await this.#control.request(method, params);
    } catch (error) {
      const { t, language } = this.#translator;
      this.#notices.say(sentenceOf(error, t, (said) => this.#reasons.say(language, said)));
      return null;
    }
  }

  /**
   * @param {Method} method
   * @param {Record<string, unknown>} params
   * @returns {Promise<number | null>} the revision of the state that the command led to, or null when it failed
   */
  async #ask(method, params) {
    const result = await this.#request(method, params);
    return result?.revision ?? null;
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
    const { revision, state } = this.#model;
    document.documentElement.lang = tag;
    document.title = state.lesson?.title ?? t('teacher.title');
    document.body.dataset.control = this.#stage;
    document.body.dataset.hung = String(this.#hung);
    this.#features.each((feature) => feature.drawing?.(revision));
    render(this.#view(), this.#root);
    this.#focus.keep(this.#connected);
    if (this.#showsLesson) this.#features.each((feature) => feature.drawn?.());
  }

  get #connected() {
    return this.#stage === 'open' && !this.#hung;
  }

  get #showsLesson() {
    return this.#stage !== 'ended' && this.#stage !== 'gate' && this.#model.known;
  }

  #view() {
    const scope = this.#scope();
    if (this.#showsLesson) return lessonView(scope, this.#notices);
    if (this.#stage === 'ended') return messageView(scope, 'ended');
    if (this.#stage !== 'gate') return messageView(scope, this.#missing());
    return gateView(scope, this.#denied, (token) => {
      keepToken(token);
      this.#enter(token);
    });
  }

  /** @returns {Scope} */
  #scope() {
    const translator = this.#translator;
    /** @type {Scope} */
    const scope = {
      t: translator.t,
      language: translator.language,
      setLanguage: (language) => {
        translator.language = language;
        remember('language', language);
        this.#draw();
      },
      number: (value, digits) => translator.number(value, digits),
      signed: (value, digits) => translator.signed(value, digits),
      time: (moment) => translator.shortTime(new Date(moment)),
      say: (said) => this.#reasons.say(translator.language, said),
      state: this.#model.state,
      elapsed: this.#model.elapsed,
      connected: this.#connected,
      hung: this.#hung,
      keys: this.#keys,
      folds: this.#folds,
      copied: this.#notices.copied,
      copy: (text) => void this.#copy(text),
      slot: (slot) => this.#features.show(slot, scope),
      remedy: (alarm) => this.#features.remedy(alarm, scope),
    };
    return scope;
  }
}

const FOLDER = 'assets/locales';
new TeacherPage(...(await Promise.all([Translator.load(FOLDER), Reasons.load(FOLDER)])));
started();
