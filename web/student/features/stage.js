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
    const again = joinAgainOf(this.#translator, state, why);
    this.#stateText.textContent = this.#translator.t(`state.${state}`);
    this.#notice.hidden = state === 'live';
    this.#headline.textContent = headlineOf(this.#translator, state, why);
    this.#hint.textContent = hintOf(this.#translator, state, why);
    this.#again.textContent = again;
    this.#again.hidden = again === '';
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
      return '';
    case 'full':
      return t('lesson.try_again');
    case 'teacher':
      return t('lesson.ask_again');
    case 'replaced':
      return t('lesson.watch_here');
    default:
      return t('lesson.join_again');
  }
}
