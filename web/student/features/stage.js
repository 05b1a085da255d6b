/**
 * The picture: the video, the last picture while there is no new one, and the state of the reception, in a line and in
 * the notice over the picture.
 */
import { element } from '../elements.js';

/**
 * @import {Translator} from '../../lib/i18n.js'
 * @import {State} from '../../lib/receiver.js'
 * @import {Feature, Frame} from '../feature.d.ts'
 */

/** @implements {Feature} */
export class Stage {
  #translator;
  #video = element('video', HTMLVideoElement);
  #still = element('still', HTMLCanvasElement);
  #notice = element('notice', HTMLElement);
  #headline = element('notice-headline', HTMLElement);
  #hint = element('notice-hint', HTMLElement);
  #again = element('again', HTMLButtonElement);
  #stateText = element('state-text', HTMLElement);
  #said = element('said', HTMLElement);

  /** @param {Frame} frame */
  constructor({ translator, join }) {
    this.#translator = translator;
    this.#again.addEventListener('click', join);
  }

  /** Forgets the picture of an earlier lesson. */
  joining() {
    this.#video.srcObject = null;
    this.#showVideo();
  }

  /** @param {MediaStream} stream */
  streamed(stream) {
    if (this.#video.srcObject === stream) return;
    this.#keepPicture();
    this.#video.srcObject = stream;
    this.#video.addEventListener('loadeddata', () => this.#showVideo(), { once: true });
  }

  /**
   * @param {State} state
   * @param {string | null} why
   */
  changed(state, why) {
    if (state === 'live') this.#showVideo();
    else if (state !== 'joining') this.#keepPicture();
    const short = shortOf(this.#translator, state, why);
    const headline = headlineOf(this.#translator, state, why);
    const hint = hintOf(this.#translator, state, why);
    this.#stateText.textContent = short;
    this.#notice.hidden = state === 'live';
    this.#headline.textContent = headline;
    this.#hint.textContent = hint;
    // Screen readers hear the line of the state by itself, and from here what it leaves out.
    this.#said.textContent = headline === short ? hint : `${headline} ${hint}`;
    this.#showAgain(state, joinAgainOf(this.#translator, state, why));
  }

  /**
   * @param {State} state
   * @param {string} text empty where there is nothing to press
   */
  #showAgain(state, text) {
    this.#again.textContent = text;
    this.#again.hidden = text === '';
    // After the end nothing is left to do, and the button is there for a mistake.
    this.#again.classList.toggle('primary', state !== 'ended');
  }

  #keepPicture() {
    const { videoWidth, videoHeight } = this.#video;
    if (!this.#still.hidden || videoWidth === 0 || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#still.width = videoWidth;
    this.#still.height = videoHeight;
    this.#still.getContext('2d')?.drawImage(this.#video, 0, 0);
    this.#still.hidden = false;
  }

  #showVideo() {
    this.#still.hidden = true;
  }
}

/**
 * @param {Translator} translator
 * @param {State} state
 * @param {string | null} why
 * @returns {string} what is the case, in a few words for the line below the picture
 */
function shortOf(translator, state, why) {
  const { t } = translator;
  return translator.has(`short.${why}`) ? t(`short.${why}`) : t(`state.${state}`);
}

/**
 * @param {Translator} translator
 * @param {State} state
 * @param {string | null} why a word that the texts know, or a sentence of the server's
 * @returns {string} what is the case
 */
function headlineOf(translator, state, why) {
  const { t } = translator;
  return translator.has(`headline.${why}`) ? t(`headline.${why}`) : t(`state.${state}`);
}

/**
 * @param {Translator} translator
 * @param {State} state
 * @param {string | null} why
 * @returns {string} what to do about it
 */
function hintOf(translator, state, why) {
  const { t } = translator;
  if (why === null) return t(`hint.${state}`);
  if (translator.has(`refused.${why}`)) return t(`refused.${why}`);
  return translator.has(`hint.${why}`) ? t(`hint.${why}`) : why;
}

/**
 * @param {Translator} translator
 * @param {State} state
 * @param {string | null} why
 * @returns {string} what the button says that joins again; empty where there is nothing to press
 */
function joinAgainOf({ t }, state, why) {
  if (state !== 'ended' && state !== 'refused') return '';
  switch (why) {
    case 'banned':
    case 'origin':
      return '';
    case 'full':
    case 'closed':
      return t('lesson.try_again');
    case 'teacher':
      return t('lesson.ask_again');
    case 'replaced':
      return t('lesson.watch_here');
    default:
      return t('lesson.join_again');
  }
}
