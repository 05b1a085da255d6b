/**
 * The picture: the video, the last picture while there is no new one, and the notice that lies over it.
 */
import { element } from './elements.js';

/** @typedef {import('../lib/receiver.js').State} State */

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
   * @param {string} again what the button says that joins again; without it nothing can be done here
   */
  show(state, headline, hint, again) {
    if (state === 'live') this.#showVideo();
    else if (state !== 'joining') this.#keepPicture();
    this.#notice.hidden = state === 'live';
    this.#headline.textContent = headline;
    this.#hint.textContent = hint;
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
