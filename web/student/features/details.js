/**
 * The details panel: figures of picture and sound, and what happened, to find faults with.
 */
import { copy } from '../../lib/clipboard.js';
import { element } from '../elements.js';

/**
 * @import {Translator} from '../../lib/i18n.js'
 * @import {Line} from '../../lib/event_log.js'
 * @import {Digest} from '../../lib/statistics.js'
 * @import {Feature, Frame} from '../feature.d.ts'
 */

/** @implements {Feature} */
export class Details {
  #translator;
  #eventLog;
  #panel = element('details', HTMLDetailsElement);
  #list = element('figures', HTMLElement);
  #log = element('log', HTMLOListElement);
  #copied = element('copied', HTMLElement);
  /** @type {Digest | null} */
  #figures = null;

  /** @param {Frame} frame */
  constructor({ translator, eventLog }) {
    this.#translator = translator;
    this.#eventLog = eventLog;
    eventLog.listen((line) => this.#addLine(line));
    this.#panel.addEventListener('toggle', () => this.#showFigures());
    element('copy', HTMLButtonElement).addEventListener('click', () => void this.#copy());
  }

  joining() {
    this.#figures = null;
    this.#showFigures();
  }

  /** @param {Digest} figures */
  measured(figures) {
    this.#figures = figures;
    this.#showFigures();
  }

  translated() {
    this.#log.replaceChildren(...this.#eventLog.lines.map((line) => this.#line(line)));
    this.#copied.textContent = '';
    this.#showFigures();
  }

  #showFigures() {
    if (!this.#panel.open) return;
    const rows = figureRows(this.#figures, this.#translator);
    const parts = rows.map(([name, value]) => {
      const row = document.createElement('div');
      const term = document.createElement('dt');
      const text = document.createElement('dd');
      term.textContent = name;
      text.textContent = value;
      row.append(term, text);
      return row;
    });
    this.#list.replaceChildren(...parts);
  }

  /** @param {Line} line */
  #addLine(line) {
    const atEnd = this.#log.scrollTop + this.#log.clientHeight >= this.#log.scrollHeight - 8;
    this.#log.append(this.#line(line));
    while (this.#log.childElementCount > this.#eventLog.limit) this.#log.firstElementChild?.remove();
    if (atEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** @param {Line} line */
  #line({ at, key, params }) {
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.dateTime = at.toISOString();
    time.textContent = this.#translator.time(at);
    item.append(time, ` ${inWords(this.#translator, key, params)}`);
    return item;
  }

  async #copy() {
    const { t } = this.#translator;
    const figures = figureRows(this.#figures, this.#translator).map(([name, value]) => `${name}: ${value}`);
    const lines = this.#eventLog.lines.map(
      ({ at, key, params }) => `${at.toISOString()} ${inWords(this.#translator, key, params)}`,
    );
    const text = [navigator.userAgent, ...figures, ...lines].join('\n');
    const done = await copy(text, document);
    this.#copied.textContent = '';
    this.#copied.textContent = done ? t('details.copied') : t('details.not_copied');
    this.#copied.classList.remove('visually-hidden');
  }
}

/** What signaling says of an answer that was not the one it asked for. */
const STATUS = /^(?:sign in|wait): (\d+)$/;

/**
 * @param {Translator} translator
 * @param {string} key
 * @param {Line['params']} params
 * @returns {string} the line, with the codes in it as words
 */
function inWords(translator, key, params) {
  const { t } = translator;
  const { why, reason, state } = params;
  /** @type {Line['params']} */
  const words = {};
  if (reason !== undefined) words.reason = t(`log.reason.${reason}`);
  if (key === 'log.connection') words.state = t(`log.connection.${state}`);
  if (key === 'log.lost') {
    const status = STATUS.exec(String(why))?.[1];
    const known = translator.has(`log.lost.${why}`) ? `log.lost.${why}` : 'log.lost.network';
    words.why = status === undefined ? t(known) : t('log.lost.status', { status });
  }
  return t(key, { ...params, ...words });
}

/**
 * @param {Digest | null} figures
 * @param {Translator} translator
 * @returns {[string, string][]} names and values
 */
function figureRows(figures, translator) {
  const { t } = translator;
  const value = (/** @type {number | null | undefined} */ number, /** @type {string} */ key, digits = 0) =>
    number === null || number === undefined ? '–' : t(key, { value: translator.number(number, digits) });
  const size = figures?.width && figures.height ? `${figures.width} × ${figures.height}` : '–';
  const codecs = [figures?.videoCodec, figures?.soundCodec].filter(Boolean).join(', ');
  return [
    [t('figure.size'), size],
    [t('figure.fps'), value(figures?.fps, 'unit.fps')],
    [t('figure.video_rate'), value(figures?.videoKbits, 'unit.kbits')],
    [t('figure.sound_rate'), value(figures?.soundKbits, 'unit.kbits')],
    [t('figure.delay'), value(figures?.delay, 'unit.ms')],
    [t('figure.jitter'), value(figures?.jitter, 'unit.ms', 1)],
    [t('figure.round_trip'), value(figures?.roundTrip, 'unit.ms')],
    [t('figure.loss'), value(figures?.loss == null ? null : figures.loss * 100, 'unit.percent', 1)],
    [t('figure.freezes'), value(figures?.freezes, 'unit.count')],
    [t('figure.dropped'), value(figures?.dropped, 'unit.count')],
    [t('figure.codec'), codecs || '–'],
    [t('figure.path'), figures?.path ?? '–'],
  ];
}
