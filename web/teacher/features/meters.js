/**
 * Level meters: drawn straight into their elements, without lit-html, at most once for each picture of the screen.
 *
 * An element with `data-meter`, in the view of any feature, belongs to the input of that name, or to `program`.
 *
 * @import {LevelEntry, MetersNews} from '../../lib/protocol.d.ts'
 * @import {Controller, Feature} from '../feature.d.ts'
 */

const FLOOR_DB = -60;
const HOLD_MS = 1200;
const FALL_DB_PER_S = 20;
/** From here on a peak is marked as too loud. */
const LOUD_DB = -1;
const STALE_MS = 1500;

/** @implements {Controller} */
class Meters {
  /** @type {Record<string, LevelEntry>} */
  #levels = {};
  /** @type {Map<string, {peak: number, at: number}>} */
  #peaks = new Map();
  #came = 0;
  #scheduled = false;

  watch = { meters: true };
  news = {
    meters: (/** @type {MetersNews} */ { levels }) => {
      this.#levels = levels;
      this.#came = performance.now();
      this.#schedule();
    },
  };

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame((now) => {
      this.#scheduled = false;
      this.#draw(now);
    });
  }

  /** @param {number} now */
  #draw(now) {
    const stale = now - this.#came > STALE_MS;
    let moving = false;
    for (const meter of document.querySelectorAll('[data-meter]')) {
      const name = meter.getAttribute('data-meter') ?? '';
      const level = stale ? undefined : this.#levels[name];
      const peak = this.#hold(name, level?.peak ?? FLOOR_DB, now);
      moving ||= peak > FLOOR_DB;
      const [bar, mark] = meter.children;
      if (bar instanceof HTMLElement) bar.style.transform = `scaleX(${fraction(level?.rms ?? FLOOR_DB)})`;
      if (mark instanceof HTMLElement) mark.style.transform = `translateX(${(fraction(peak) - 1) * 100}%)`;
      meter.toggleAttribute('data-loud', peak >= LOUD_DB);
    }
    if (moving) this.#schedule();
  }

  /**
   * @param {string} name
   * @param {number} peak
   * @param {number} now
   * @returns {number} the peak to be shown: held for a while, then falling
   */
  #hold(name, peak, now) {
    const held = this.#peaks.get(name) ?? { peak: FLOOR_DB, at: now };
    const age = now - held.at;
    const fallen = age < HOLD_MS ? held.peak : held.peak - ((age - HOLD_MS) / 1000) * FALL_DB_PER_S;
    if (peak >= fallen) this.#peaks.set(name, { peak, at: now });
    return Math.max(FLOOR_DB, peak, fallen);
  }
}

/**
 * @param {number} decibels
 * @returns {number} 0 at the floor, 1 at full scale
 */
function fraction(decibels) {
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
}

/** @type {Feature<Meters>} */
export const meters = { controller: () => new Meters() };
