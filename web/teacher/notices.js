/**
 * What the page says for some seconds: why something did not work, and what was copied.
 */
const SENTENCE_MS = 8000;
const COPIED_MS = 3000;

export class Notices {
  #changed;
  #sentence = '';
  #copied = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sentenceTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #copiedTimer;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  get sentence() {
    return this.#sentence;
  }

  /** What was copied a moment ago. */
  get copied() {
    return this.#copied;
  }

  /** @param {string} sentence empty to take the last one away */
  say(sentence) {
    this.#sentence = sentence;
    clearTimeout(this.#sentenceTimer);
    if (sentence !== '') this.#sentenceTimer = setTimeout(() => this.say(''), SENTENCE_MS);
    this.#changed();
  }

  /** @param {string} text that was copied */
  sayCopied(text) {
    this.#copied = text;
    clearTimeout(this.#copiedTimer);
    if (text !== '') this.#copiedTimer = setTimeout(() => this.sayCopied(''), COPIED_MS);
    this.#changed();
  }
}
