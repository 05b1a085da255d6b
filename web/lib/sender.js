/**
 * One thing that this page may send: what is captured for it, and the connection over which it goes.
 */
import { CaptureError, cameras, captureCamera, captureScreen, obstacle, release } from './capture.js';
import { Publisher } from './publisher.js';

export class Sender {
  #changed;
  #publisher;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {import('./capture.js').What | null} */
  #what = null;
  /** @type {import('./capture.js').Fault | null} */
  #fault = null;
  /** @type {import('./capture.js').What | null} */
  #faultOf = null;
  #asking = false;
  /** @type {import('./capture.js').Device[]} */
  devices = [];
  /** @type {string | undefined} */
  device = undefined;
  /** @type {'user' | 'environment' | undefined} */
  facing = undefined;

  /**
   * @param {string} source to be
   * @param {object} options
   * @param {boolean} options.microphone whether the microphone is sent with the camera at first
   * @param {() => void} options.changed
   */
  constructor(source, { microphone, changed }) {
    this.source = source;
    this.microphone = microphone;
    this.#changed = changed;
    this.#publisher = new Publisher(source, () => {
      if (this.#publisher.state === 'stopped') this.#release();
      changed();
    });
  }

  get publisher() {
    return this.#publisher;
  }

  get stream() {
    return this.#stream;
  }

  /** Whether the camera is sent without the sound that was wanted, because there is no microphone or it is not allowed. */
  get silent() {
    return this.#what === 'camera' && this.microphone && (this.#stream?.getAudioTracks().length ?? 0) === 0;
  }

  /** What is being sent, or null. */
  get what() {
    return this.#what;
  }

  /** Whether the browser is asking the person at this moment. */
  get asking() {
    return this.#asking;
  }

  /** What went wrong the last time: a key of the texts without its beginning, or null. */
  get fault() {
    if (this.#fault !== null) return this.#fault === 'insecure' ? 'insecure' : `${this.#faultOf}_${this.#fault}`;
    return this.#publisher.state === 'stopped' ? this.#publisher.why : null;
  }

  sendCamera() {
    return this.#send('camera', () => {
      // A phone opens one camera at a time.
      if (this.#what === 'camera') release(this.#stream);
      return captureCamera({ device: this.device, facing: this.facing, microphone: this.microphone });
    });
  }

  sendScreen() {
    return this.#send('screen', captureScreen);
  }

  stop() {
    this.#fault = null;
    this.#publisher.stop();
    this.#release();
    this.#changed();
  }

  /**
   * @param {import('./capture.js').What} what
   * @param {() => Promise<MediaStream>} capture
   */
  async #send(what, capture) {
    if (this.#asking) return;
    this.#asking = true;
    this.#fault = obstacle(what);
    this.#faultOf = what;
    this.#changed();
    try {
      if (this.#fault === null) this.#begin(what, await capture());
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.#fault = error.fault;
      if (this.#stream?.getTracks().every((track) => track.readyState === 'ended')) this.#ended();
    }
    this.#asking = false;
    this.#changed();
    if (what === 'camera' && this.#stream) {
      this.devices = await cameras();
      this.#changed();
    }
  }

  /**
   * @param {import('./capture.js').What} what
   * @param {MediaStream} stream
   */
  #begin(what, stream) {
    this.#release();
    this.#stream = stream;
    this.#what = what;
    for (const track of stream.getVideoTracks()) {
      // The person pressed the browser's own button, or the camera was unplugged.
      track.addEventListener('ended', () => {
        if (this.#stream === stream) this.#ended();
      });
    }
    this.#publisher.send(stream, what);
  }

  #ended() {
    this.#publisher.stop('over');
    this.#release();
    this.#changed();
  }

  #release() {
    release(this.#stream);
    this.#stream = null;
    this.#what = null;
  }
}
