/**
 * Sound of the lesson: mute, volume, and the way out when the browser forbids to start with sound.
 */
import { recall, remember } from '../lib/memory.js';
import { element } from './elements.js';
import { Loudspeakers } from './loudspeakers.js';

export class Sound {
  #video;
  #journal;
  #mute = element('mute', HTMLButtonElement);
  #volume = element('volume', HTMLInputElement);
  #turnOn = element('sound-on', HTMLButtonElement);
  #wanted = recall('muted') !== 'true';
  #blocked = false;
  /** @type {Loudspeakers | null} */
  #loudspeakers = this.#wanted ? new Loudspeakers() : null;

  /**
   * @param {HTMLVideoElement} video
   * @param {import('../lib/journal.js').Journal} journal
   */
  constructor(video, journal) {
    this.#video = video;
    this.#journal = journal;
    const volume = Number(recall('volume') ?? 100);
    this.#volume.value = String(Number.isFinite(volume) ? volume : 100);
    this.#mute.addEventListener('click', () => void this.#set(this.#blocked || !this.#wanted));
    this.#turnOn.addEventListener('click', () => void this.#set(true));
    video.addEventListener('click', () => {
      if (this.#blocked) void this.#set(true);
    });
    this.#volume.addEventListener('input', () => this.#setVolume());
    this.#applyVolume();
    // Where only the keys of the device change the volume, as on iPhones, a slider would be a lie.
    video.volume = 0.5;
    this.#volume.hidden = video.volume !== 0.5;
    this.#applyVolume();
    this.#show();
  }

  /** Plays what the video has been given: with sound where that is wanted and allowed. */
  async play() {
    this.#video.muted = !this.#wanted;
    // Without a stream play() would not end before there is one.
    if (!this.#video.srcObject) return this.#show();
    try {
      await this.#video.play();
      this.#blocked = false;
      this.#loudspeakers?.playing();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // AbortError: a newer stream has taken the place of this one, and its own play() is under way.
      if (error.name === 'AbortError') return;
      this.#journal.add('log.sound_blocked');
      this.#blocked = this.#wanted;
      this.#video.muted = true;
      await this.#video.play().catch((/** @type {DOMException} */ why) => {
        this.#journal.add('log.play_blocked', { why: why.name });
        this.#blocked = true;
      });
    }
    this.#show();
  }

  /** Nothing will be played. */
  rest() {
    void this.#loudspeakers?.close();
  }

  /** @param {boolean} wanted */
  async #set(wanted) {
    this.#wanted = wanted;
    remember('muted', String(!wanted));
    if (wanted && this.#volume.value === '0') {
      this.#volume.value = '100';
      this.#applyVolume();
    }
    await this.play();
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
    this.#mute.setAttribute('aria-pressed', String(silent));
    this.#turnOn.hidden = !this.#blocked;
  }
}
