/**
 * The picture: the video, the last picture while there is no new one, and the notice that lies over it.
 */
import { element } from './elements.js';

/** @typedef {import('../lib/receiver.js').State} State */

/** States in which the notice offers to join again, because nothing happens by itself any more. */
const FINAL = /** @type {readonly State[]} */ (['ended', 'refused']);

export class Stage {
  #video = element('video', HTMLVideoElement);
  #still = element('still', HTMLCanvasElement);
  #notice = element('notice', HTMLElement);
  #headline = element('notice-headline', HTMLElement);
  #hint = element('notice-hint', HTMLElement);
  #again = element('again', HTMLButtonElement);

  /** @param {() => void} joinAgain */
  constructor(joinAgain) {
    this.#again.addEventListener('click', joinAgain);
  }

  get video() {
    return this.#video;
  }

  /**
   * @param {MediaStream} stream
   * @returns {boolean} whether it is another stream than before
   */
  attach(stream) {
    if (this.#video.srcObject === stream) return false;
    this.#keepPicture();
    this.#video.srcObject = stream;
    this.#video.addEventListener('loadeddata', () => this.#showVideo(), { once: true });
    return true;
  }

  /** Forgets the picture: another lesson begins. */
  clear() {
    this.#video.srcObject = null;
    this.#showVideo();
  }

  /**
   * @param {State} state
   * @param {string} headline
   * @param {string} hint
   */
  show(state, headline, hint) {
    if (state === 'live') this.#showVideo();
    else if (state !== 'joining') this.#keepPicture();
    this.#notice.hidden = state === 'live';
    this.#headline.textContent = headline;
    this.#hint.textContent = hint;
    this.#again.hidden = !FINAL.includes(state);
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
