/**
 * The monitor: the program as the students receive it, over the same way.
 */
import { Journal } from '../lib/journal.js';
import { Receiver } from '../lib/receiver.js';
import { Signaling } from '../lib/signaling.js';

export class Monitor {
  #changed;
  #name;
  /** @type {Receiver | null} */
  #receiver = null;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {import('../lib/receiver.js').State} */
  #state = 'joining';

  /**
   * @param {object} options
   * @param {string} options.name under which the monitor signs in
   * @param {() => void} options.changed
   */
  constructor({ name, changed }) {
    this.#name = name;
    this.#changed = changed;
  }

  get state() {
    return this.#state;
  }

  get stream() {
    return this.#stream;
  }

  /**
   * @param {string} token
   * @param {string} language
   */
  start(token, language) {
    this.stop();
    this.#receiver = new Receiver({
      way: (events) => new Signaling({ name: this.#name, events }),
      hello: { language, role: 'monitor', token },
      journal: new Journal(),
      events: {
        onState: (state) => {
          this.#state = state;
          this.#changed();
        },
        onStream: (stream) => {
          this.#stream = stream;
          this.#changed();
        },
        onWelcome: () => {},
        onFigures: () => {},
      },
    });
    this.#receiver.start();
  }

  stop() {
    this.#receiver?.stop();
    this.#receiver = null;
  }

  hurry() {
    this.#receiver?.hurry();
  }
}
