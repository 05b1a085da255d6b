/**
 * The switching desk: whether a scene comes on air at once or is prepared first, and by which transition.
 *
 * @typedef {'planned' | 'cut' | 'fade'} Choice `planned` leaves the transition to the lesson
 */
import { recall, remember } from '../lib/memory.js';

export const LONGEST_SECONDS = 10;

export class Studio {
  #ask;
  #state;
  #changed;
  #prepares = recall('preview') === 'on';
  /** @type {Choice} */
  #choice = 'planned';
  /** How long a fade takes; null leaves it to the lesson. */
  #seconds = /** @type {number | null} */ (null);
  /** The transition whose bar moves already. */
  #moving = '';

  /**
   * @param {(method: string, params: Record<string, unknown>) => Promise<number | null>} ask gives a command; null when
   *   it failed
   * @param {() => Readonly<import('./model.js').LessonState>} state
   * @param {() => void} changed
   */
  constructor(ask, state, changed) {
    this.#ask = ask;
    this.#state = state;
    this.#changed = changed;
  }

  /** Whether a scene goes to the preview before it goes on air. */
  get prepares() {
    return this.#prepares;
  }

  get choice() {
    return this.#choice;
  }

  get seconds() {
    return this.#seconds;
  }

  togglePreview() {
    this.#prepares = !this.#prepares;
    remember('preview', this.#prepares ? 'on' : 'off');
    this.#changed();
  }

  /** @param {string} choice */
  choose(choice) {
    this.#choice = choice === 'cut' || choice === 'fade' ? choice : 'planned';
    this.#changed();
  }

  /** @param {number} seconds not a number where the field is empty */
  setSeconds(seconds) {
    this.#seconds = Number.isNaN(seconds) ? null : Math.min(LONGEST_SECONDS, Math.max(0, seconds));
    this.#changed();
  }

  /** @param {string} scene whose button or number key was pressed */
  press(scene) {
    if (this.#prepares) void this.#ask('preview.set', { scene });
    else void this.#ask('program.switch', { scene, ...this.#transition() });
  }

  /** Puts the preview on air, and what was there into the preview. */
  async take() {
    const { preview, program } = this.#state();
    if (preview == null) return;
    if (this.#choice === 'planned') {
      await this.#ask('program.take', {});
    } else if ((await this.#ask('program.switch', { scene: preview, ...this.#transition() })) !== null) {
      await this.#ask('preview.set', { scene: program?.scene ?? null });
    }
  }

  /** Sets the bar of a transition in motion, once for each. Scripts have to ask whether motion is wanted. */
  follow() {
    const { program } = this.#state();
    const transition = program?.transition;
    const moving = transition ? `${program.scene} ${program.since}` : '';
    if (moving === this.#moving) return;
    this.#moving = moving;
    const bar = document.getElementById('transition-bar');
    if (!bar || !transition || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    for (const earlier of bar.getAnimations()) earlier.cancel();
    bar.animate([{ transform: 'scaleX(0)' }, { transform: 'scaleX(1)' }], {
      duration: transition.duration * 1000,
      fill: 'forwards',
    });
  }

  /** @returns {Record<string, unknown>} what a command says of the transition */
  #transition() {
    if (this.#choice === 'planned') return {};
    if (this.#choice === 'cut' || this.#seconds === null) return { transition: this.#choice };
    return { transition: this.#choice, duration: this.#seconds };
  }
}
