/**
 * Tells the broadcaster how large the picture is shown, in pixels of the screen and without the bars beside it. It need
 * not send a larger one.
 */
import { element } from '../elements.js';

/** @import {Feature, Frame} from '../feature.d.ts' */

/** @typedef {{width: number, height: number}} Size */

/** Changes closer together than this, such as while a window is resized, are reported as one. */
const PAUSE_MS = 500;
/** The proportions of a picture that has not come yet. */
const USUAL = { videoWidth: 16, videoHeight: 9 };

/** @implements {Feature} */
export class PictureSize {
  #frame;
  #video = element('video', HTMLVideoElement);
  /** @type {Size} */
  #told = { width: 0, height: 0 };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
    new ResizeObserver(() => this.#look()).observe(this.#video);
    this.#video.addEventListener('loadedmetadata', () => this.#look());
    // A window that moves to another screen, or is zoomed, may keep its size in the page's own pixels.
    addEventListener('resize', () => this.#look());
  }

  greeted() {
    this.#told = shownSize(this.#video, devicePixelRatio);
    this.#tell(this.#told);
  }

  #look() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const size = shownSize(this.#video, devicePixelRatio);
      if (size.width === this.#told.width && size.height === this.#told.height) return;
      this.#told = size;
      this.#tell(size);
    }, PAUSE_MS);
  }

  /** @param {Size} size */
  #tell(size) {
    this.#frame.send({ type: 'size', ...size });
  }
}

/**
 * @param {Pick<HTMLVideoElement, 'clientWidth' | 'clientHeight' | 'videoWidth' | 'videoHeight'>} video
 * @param {number} ratio pixels of the screen in one of the page
 * @returns {Size}
 */
function shownSize(video, ratio) {
  const { videoWidth, videoHeight } = video.videoWidth > 0 && video.videoHeight > 0 ? video : USUAL;
  const scale = Math.min(video.clientWidth / videoWidth, video.clientHeight / videoHeight) * ratio;
  return { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) };
}
