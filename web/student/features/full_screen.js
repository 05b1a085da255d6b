/**
 * Full screen for the whole lesson, or for the bare video where a browser (on iPhones) allows only that.
 *
 * In full screen the controls are hidden while nobody moves or types.
 */
import { element } from '../elements.js';

const IDLE_MS = 3000;

/** @typedef {HTMLVideoElement & {webkitEnterFullscreen?: () => void, webkitSupportsFullscreen?: boolean}} AppleVideo */

export class FullScreen {
  constructor() {
    const button = element('full', HTMLButtonElement);
    const lesson = element('lesson', HTMLElement);
    const video = /** @type {AppleVideo} */ (element('video', HTMLVideoElement));
    if (lesson.requestFullscreen && document.fullscreenEnabled) {
      button.addEventListener('click', () => {
        const change = document.fullscreenElement ? document.exitFullscreen() : lesson.requestFullscreen();
        // Refused, for instance because the device is locked: the page simply stays as it is.
        change.catch((error) => {
          if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
        });
      });
      document.addEventListener('fullscreenchange', () => {
        button.setAttribute('aria-pressed', String(document.fullscreenElement === lesson));
      });
      hideWhenIdle(lesson);
    } else if (video.webkitEnterFullscreen) {
      const enter = video.webkitEnterFullscreen.bind(video);
      button.addEventListener('click', () => {
        if (video.readyState > 0) enter();
      });
    } else {
      button.hidden = true;
    }
  }
}

/** @param {HTMLElement} lesson */
function hideWhenIdle(lesson) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const awake = () => {
    clearTimeout(timer);
    delete lesson.dataset.idle;
    if (document.fullscreenElement === lesson) timer = setTimeout(() => (lesson.dataset.idle = 'true'), IDLE_MS);
  };
  for (const event of ['pointermove', 'pointerdown', 'keydown', 'focusin']) lesson.addEventListener(event, awake);
  document.addEventListener('fullscreenchange', awake);
}
