/**
 * Which panels are folded up; this browser remembers it.
 */
import { recall, remember } from '../lib/memory.js';

export class Folds {
  /** @param {string} name */
  isOpen(name) {
    return recall(`fold.${name}`) !== 'closed';
  }

  /**
   * @param {string} name
   * @param {boolean} open
   */
  set(name, open) {
    if (open !== this.isOpen(name)) remember(`fold.${name}`, open ? 'open' : 'closed');
  }
}
