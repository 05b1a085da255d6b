/**
 * How large a video shows its picture, in pixels of the screen, without the bars beside it. The broadcaster need not
 * send a larger one.
 */

/** @typedef {{width: number, height: number}} Size */

/** Changes closer together than this, as while a window is dragged, are told as one. */
const PAUSE_MS = 500;
/** The proportions of a picture that has not come yet. */
const USUAL = { videoWidth: 16, videoHeight: 9 };

export class PictureSize {
  #video;
  #changed;
  /** @type {Size} */
  #told = { width: 0, height: 0 };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLVideoElement} video
   * @param {(size: Size) => void} changed
   */
  constructor(video, changed) {
    this.#video = video;
    this.#changed = changed;
    new ResizeObserver(() => this.#look()).observe(video);
    video.addEventListener('loadedmetadata', () => this.#look());
    // A window that moves to another screen, or is zoomed, may keep its size in the page's own pixels.
    addEventListener('resize', () => this.#look());
  }

  /** The size now. */
  get now() {
    return shownSize(this.#video, devicePixelRatio);
  }

  #look() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const size = this.now;
      if (size.width === this.#told.width && size.height === this.#told.height) return;
      this.#told = size;
      this.#changed(size);
    }, PAUSE_MS);
  }
}

/**
 * @param {Pick<HTMLVideoElement, 'clientWidth' | 'clientHeight' | 'videoWidth' | 'videoHeight'>} video
 * @param {number} ratio pixels of the screen in one of the page
 * @returns {Size}
 */
export function shownSize(video, ratio) {
  const { videoWidth, videoHeight } = video.videoWidth > 0 && video.videoHeight > 0 ? video : USUAL;
  const scale = Math.min(video.clientWidth / videoWidth, video.clientHeight / videoHeight) * ratio;
  return { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) };
}
