/**
 * The texts of the pages in the chosen language.
 *
 * A locale file is one flat object: a key gives a text with {parameters}, or an object of plural forms
 * (`one`, `other` …) of which `Intl.PluralRules` chooses by the parameter `count`.
 *
 * @typedef {Record<string, string | Record<string, string>>} Texts
 * @typedef {'en' | 'zh'} Language
 */
import { askForFile } from './request.js';

/** @type {readonly Language[]} */
export const LANGUAGES = ['en', 'zh'];

/** What goes into `<html lang>`: Chinese here is written in simplified characters. */
export const LANGUAGE_TAGS = /** @type {const} */ ({ en: 'en', zh: 'zh-Hans' });

const PLACEHOLDER = /\{(\w+)\}/g;

/**
 * @param {string | null | undefined} tag a language tag of any kind, such as `zh-CN`
 * @returns {Language | null} the language of ours that serves it
 */
export function languageOf(tag) {
  const main = tag?.toLowerCase().split('-')[0];
  return LANGUAGES.find((language) => language === main) ?? null;
}

/**
 * @param {readonly string[]} wanted language tags, the best first
 * @returns {Language}
 */
export function bestLanguage(wanted) {
  for (const tag of wanted) {
    const language = languageOf(tag);
    if (language) return language;
  }
  return 'en';
}

export class Translator {
  /** @type {Record<Language, Texts>} */
  #texts;
  /** @type {Map<string, any>} */
  #formatters = new Map();
  /** @type {Language} */
  #language = 'en';

  /** @param {Record<Language, Texts>} texts */
  constructor(texts) {
    this.#texts = texts;
  }

  /**
   * Fetches both locale files: together they are small, and the switch then works without the server.
   *
   * @param {string} folder the address of the folder of the locale files
   * @returns {Promise<Translator>}
   * @throws {import('./request.js').NetworkFailure}
   */
  static async load(folder) {
    const [en, zh] = await Promise.all(LANGUAGES.map((language) => askForFile(`${folder}/${language}.json`)));
    return new Translator({ en, zh });
  }

  get language() {
    return this.#language;
  }

  set language(language) {
    this.#language = language;
  }

  /** The tag for `<html lang>` and `Intl`. */
  get tag() {
    return LANGUAGE_TAGS[this.#language];
  }

  /**
   * @param {string} key
   * @param {Record<string, string | number>} [params]
   * @returns {string} the text; the key itself where no text is known, so that a hole is seen and nothing breaks
   */
  t = (key, params = {}) => {
    const entry = this.#texts[this.#language][key];
    if (entry === undefined) return key;
    const text = typeof entry === 'string' ? entry : this.#plural(entry, Number(params.count));
    return text.replace(PLACEHOLDER, (whole, name) => {
      const value = params[name];
      if (value === undefined) return whole;
      return typeof value === 'number' ? this.number(value) : value;
    });
  };

  /** @param {string} key */
  has(key) {
    return this.#texts[this.#language][key] !== undefined;
  }

  /**
   * @param {number} value
   * @param {number} [digits] digits after the point
   */
  number(value, digits = 0) {
    return this.#kept(
      `number ${digits}`,
      (tag) => new Intl.NumberFormat(tag, { maximumFractionDigits: digits, minimumFractionDigits: digits }),
    ).format(value);
  }

  /**
   * @param {number} value
   * @param {number} [digits] digits after the point
   * @returns {string} with its sign, a minus of the length of a plus
   */
  signed(value, digits = 0) {
    const size = this.number(Math.abs(value), digits);
    if (value === 0) return size;
    return value > 0 ? `+${size}` : `−${size}`;
  }

  /** @param {Date} time */
  time(time) {
    return this.#kept(
      'time',
      (tag) =>
        new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
    ).format(time);
  }

  /** @param {Date} time */
  shortTime(time) {
    return this.#kept(
      'short time',
      (tag) => new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    ).format(time);
  }

  /**
   * Each takes far longer to make than to use, and a full class needs hundreds in each drawing.
   *
   * @template Formatter
   * @param {string} kind
   * @param {(tag: string) => Formatter} make
   * @returns {Formatter}
   */
  #kept(kind, make) {
    const name = `${kind} ${this.tag}`;
    if (!this.#formatters.has(name)) this.#formatters.set(name, make(this.tag));
    return this.#formatters.get(name);
  }

  /**
   * @param {Record<string, string>} forms
   * @param {number} count
   */
  #plural(forms, count) {
    const form = this.#kept('plural', (tag) => new Intl.PluralRules(tag)).select(count);
    return forms[form] ?? forms.other ?? '';
  }
}

/**
 * @param {number} seconds
 * @returns {string} such as 0:07, 12:34 or 1:02:03
 */
export function clockTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
