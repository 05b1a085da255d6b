/**
 * What the broadcaster says, in the language of the page.
 *
 * It says a sentence in English and what that is made of: a code, and the values of its gaps, which may be such
 * sentences themselves. The Chinese of each code is in a file of its own, because only the teacher page needs it; what
 * that file does not know is shown in English.
 *
 * @import {Language} from '../lib/i18n.js'
 * @import {Quoted, Reason} from '../lib/protocol.d.ts'
 * @typedef {Reason['params'][string]} Value
 */

import { askForFile } from '../lib/request.js';

const GAP = /\{([a-z_]+)\}/g;

export class Reasons {
  #chinese;

  /** @param {Record<string, string>} chinese */
  constructor(chinese) {
    this.#chinese = chinese;
  }

  /** @param {string} folder the address of the folder of the locale files */
  static async load(folder) {
    return new Reasons(await askForFile(`${folder}/reasons.zh.json`));
  }

  /**
   * @param {Language} language
   * @param {Quoted} said
   * @returns {string}
   */
  say(language, { sentence, reason }) {
    if (language === 'en' || !reason || !Object.hasOwn(this.#chinese, reason.code)) return sentence;
    const text = this.#chinese[reason.code] ?? sentence;
    return text.replace(GAP, (gap, name) => this.#spoken(language, reason.params[name] ?? gap));
  }

  /**
   * @param {Language} language
   * @param {Value} value
   * @returns {string}
   */
  #spoken(language, value) {
    if (Array.isArray(value)) return value.map((item) => this.#spoken(language, item)).join('；');
    return typeof value === 'object' ? this.say(language, value) : String(value);
  }
}
