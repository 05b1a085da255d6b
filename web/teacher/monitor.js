/**
 * The monitor: the program as the students receive it, agreed on over the control connection.
 */
import { Journal } from '../lib/journal.js';
import { Receiver } from '../lib/receiver.js';
import { ControlWay } from './control_way.js';

export class Monitor {
  #changed;
  /** @type {Receiver | null} */
  #receiver = null;
  /** @type {ControlWay | null} */
  #way = null;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {import('../lib/receiver.js').State} */
  #state = 'joining';
  #blind = false;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  get state() {
    return this.#state;
  }

  /** Whether this browser cannot show the picture in the format that students receive. */
  get blind() {
    return this.#blind;
  }

  get stream() {
    return this.#stream;
  }

  /**
   * The control connection is open, for the first time or again.
   *
   * @param {import('../lib/control.js').Control} control
   */
  begin(control) {
    if (this.#way) {
      this.#way.start();
      return;
    }
    this.#receiver = new Receiver({
      way: (events) => {
        this.#way = new ControlWay(control, events);
        return this.#way;
      },
      hello: {},
      journal: new Journal(),
      events: {
        onState: (state, why) => {
          this.#state = state;
          this.#blind = why === 'picture-format';
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

  /** The control connection was lost. */
  lost() {
    this.#way?.lost();
  }

  /** @param {{peer?: unknown}} said a notification `peer` */
  take(said) {
    this.#way?.take(said);
  }

  stop() {
    this.#receiver?.stop();
    this.#receiver = null;
    this.#way = null;
  }

  hurry() {
    this.#receiver?.hurry();
  }
}
