/**
 * The sound of the lesson: mute, volume, and a button that turns sound on where the browser forbids to start with it.
 */
import { recall, remember } from '../../lib/storage.js';
import { element } from '../elements.js';

/**
 * @import {State} from '../../lib/receiver.js'
 * @import {Feature, Frame} from '../feature.d.ts'
 */

/** Browsers allow sound to pages that somebody has clicked, typed into, or tapped: by a finger only once it is lifted. */
const TOUCHES = ['pointerdown', 'pointerup', 'touchend', 'keydown'];
const STAYS_OPEN = 3000; // milliseconds after the lesson plays, which then keeps the loudspeakers open itself

/** @implements {Feature} */
export class Sound {
  #eventLog;
  #video = element('video', HTMLVideoElement);
  #mute = element('mute', HTMLButtonElement);
  #volume = element('volume', HTMLInputElement);
  #turnOn = element('sound-on', HTMLButtonElement);
  #wanted = recall('muted') !== 'true';
  #blocked = false;
  /** @type {Loudspeakers | null} */
  #loudspeakers = this.#wanted ? new Loudspeakers() : null;
  /** @type {MediaStream | null} */
  #stream = null;

  /** @param {Frame} frame */
  constructor({ eventLog }) {
    this.#eventLog = eventLog;
    const video = this.#video;
    const volume = Number(recall('volume') ?? 100);
    this.#volume.value = String(Number.isFinite(volume) ? volume : 100);
    this.#mute.addEventListener('click', () => void this.#set(this.#blocked || !this.#wanted));
    this.#turnOn.addEventListener('click', () => void this.#set(true));
    video.addEventListener('click', () => {
      if (this.#blocked) void this.#set(true);
    });
    this.#volume.addEventListener('input', () => this.#setVolume());
    this.#applyVolume();
    // Where only the keys of the device change the volume, as on iPhones, a slider has no effect.
    video.volume = 0.5;
    this.#volume.hidden = video.volume !== 0.5;
    this.#applyVolume();
    this.#show();
  }

  joining() {
    this.#stream = null;
  }

  /** @param {MediaStream} stream */
  streamed(stream) {
    if (stream === this.#stream) return;
    this.#stream = stream;
    void this.#play();
  }

  /**
   * @param {State} state
   * @param {string | null} why
   */
  changed(state, why) {
    const over = state === 'ended' || (state === 'refused' && why !== 'passcode');
    if (over) void this.#loudspeakers?.close();
  }

  /** Plays what the video has been given: with sound where that is wanted and allowed. */
  async #play() {
    this.#video.muted = !this.#wanted;
    // Without a stream, play() waits until there is one.
    if (!this.#video.srcObject) return this.#show();
    try {
      await this.#video.play();
      this.#blocked = false;
      this.#loudspeakers?.playing();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // AbortError: a newer stream has taken the place of this one, and its own play() is under way.
      if (error.name === 'AbortError') return;
      this.#eventLog.add('log.sound_blocked');
      this.#blocked = this.#wanted;
      this.#video.muted = true;
      await this.#video.play().catch((/** @type {DOMException} */ why) => {
        this.#eventLog.add('log.play_blocked', { why: why.name });
        this.#blocked = true;
      });
    }
    this.#show();
  }

  /** @param {boolean} wanted */
  async #set(wanted) {
    this.#wanted = wanted;
    remember('muted', String(!wanted));
    if (wanted && this.#volume.value === '0') {
      this.#volume.value = '100';
      this.#applyVolume();
    }
    await this.#play();
  }

  #setVolume() {
    this.#applyVolume();
    remember('volume', this.#volume.value);
    const silent = this.#volume.value === '0';
    if (silent === this.#wanted || this.#blocked) void this.#set(!silent);
  }

  #applyVolume() {
    this.#video.volume = Math.min(1, Math.max(0, Number(this.#volume.value) / 100));
  }

  #show() {
    const silent = this.#blocked || !this.#wanted;
    document.body.dataset.sound = this.#blocked ? 'blocked' : this.#wanted ? 'playing' : 'off';
    this.#mute.setAttribute('aria-pressed', String(silent));
    this.#turnOn.hidden = !this.#blocked;
  }
}

/**
 * Opens the loudspeakers with silence as soon as somebody touches the page. A browser that was just started takes up to
 * a second for that; sound that arrives meanwhile piles up, and stays late for some seconds.
 */
class Loudspeakers {
  /** @type {AudioContext | null} */
  #context = null;
  #done = false;
  #touched = () => void this.#open();

  constructor() {
    for (const kind of TOUCHES) addEventListener(kind, this.#touched);
  }

  #leave() {
    this.#done = true;
    for (const kind of TOUCHES) removeEventListener(kind, this.#touched);
  }

  /** The lesson plays, and needs no help from here on. */
  playing() {
    setTimeout(() => void this.close(), STAYS_OPEN);
  }

  /** Lets go of the loudspeakers. */
  async close() {
    this.#leave();
    const context = this.#context;
    this.#context = null;
    await context?.close();
  }

  /** Where a touch is no permission yet, `resume` stays pending, and the next one asks again. */
  async #open() {
    if (this.#done || !('AudioContext' in globalThis)) return;
    try {
      this.#context ??= silence();
      await this.#context.resume();
      this.#leave();
    } catch (error) {
      // Closed meanwhile, or there are no loudspeakers: the lesson plays without.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}

/** @returns {AudioContext} that plays silence once it may */
function silence() {
  const context = new AudioContext();
  const mute = new GainNode(context, { gain: 0 });
  const source = new ConstantSourceNode(context);
  source.connect(mute).connect(context.destination);
  source.start();
  return context;
}
