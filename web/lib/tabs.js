/**
 * How many pages of this browser wait for news of this server.
 *
 * Over HTTP/1.1 a browser keeps six connections to a server, for all of its tabs together, and each page that waits for
 * news holds one. The sixth page takes the last: from then on no page can send anything, and none can be opened. So
 * pages tell one another that they wait, and where there are many, each asks for answers so early that a connection
 * comes free again and again. Hidden pages hear one another too; their timers would fire once a minute.
 */

/** From this many on; the connection that is left over then opens the next page. */
const MANY = 5;
/** A page says so with each wait, and closes without a word when it crashes. */
const FORGOTTEN_MS = 60000;
const CHANNEL = 'classroom.waits';

/** @typedef {{id: string, said: 'new' | 'here' | 'gone'}} Said */

export class Tabs {
  #id = String(Math.random());
  /** When each of the others was heard of. @type {Map<string, number>} */
  #others = new Map();
  /** @type {BroadcastChannel | null} */
  #channel = null;
  #becameMany;

  /** @param {() => void} becameMany called when there are many from now on */
  constructor(becameMany) {
    this.#becameMany = becameMany;
  }

  /** Joins the others; where the browser lacks the way to them, this page counts itself alone. */
  open() {
    if (!('BroadcastChannel' in globalThis)) return;
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#say('new');
  }

  close() {
    this.#say('gone');
    this.#channel?.close();
    this.#channel = null;
    this.#others.clear();
  }

  /** Says that this page still waits. */
  waits() {
    this.#say('here');
  }

  /** Whether so many pages wait that their waits have to be short. */
  get many() {
    const now = performance.now();
    for (const [id, heard] of this.#others) if (now - heard > FORGOTTEN_MS) this.#others.delete(id);
    return this.#others.size + 1 >= MANY;
  }

  /** @param {Said} message */
  #hear({ id, said }) {
    const before = this.many;
    if (said === 'gone') this.#others.delete(id);
    else this.#others.set(id, performance.now());
    if (said === 'new') this.#say('here');
    if (this.many && !before) this.#becameMany();
  }

  /** @param {Said['said']} said */
  #say(said) {
    this.#channel?.postMessage({ id: this.#id, said });
  }
}
