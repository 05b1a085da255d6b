/**
 * The control protocol's client: JSON-RPC 2.0 over a websocket, with hello first and reconnecting by itself.
 *
 * A request made while there is no connection fails at once; nothing is kept to be sent later, because a scene
 * switch that arrives a minute late is worse than none.
 */
import { Backoff, Pause } from './backoff.js';

export const SUBPROTOCOL = 'classroom.control.v1';

const OPEN_MS = 8000;
/** A wrong token is answered after up to 8 s, and after up to 16 s while others at this address try tokens too. */
const HELLO_MS = 20000;
const REQUEST_MS = 10000;
/** After this long without news, a request shows whether the other end is still there. */
const SILENCE_MS = 10000;
/** After this long a page that shows news asks, and after as long again without an answer it says so. */
const HUNG_MS = 2000;
const WRONG_TOKEN = -32001;
const WRONG_TOKEN_CLOSE = 4401;
const NOT_POSSIBLE = -32003;
const TRY_AGAIN_LATER_CLOSE = 1013;

/** @typedef {'connecting' | 'open' | 'lost' | 'denied'} ControlState */
/** @typedef {{peer: string} & import('./protocol.d.ts').ToTeacher} PeerNews the notification `peer` */
/** @typedef {import('./protocol.d.ts').Replies} Replies */
/** @typedef {keyof Replies} Method a method of the control protocol */

/**
 * @typedef {object} ControlEvents
 * @property {(state: ControlState) => void} onState
 * @property {(result: Replies['hello']) => void} onHello the reply to hello, which depends on what was said in it
 * @property {(method: string, params: any) => void} onNotification
 * @property {(hung: boolean) => void} [onHung] the other end has stopped answering, or answers again
 */

/** The other end answered a request with an error. `code` 0 means that no answer came. */
export class ControlError extends Error {
  /**
   * @param {number} code
   * @param {string} message
   * @param {any} [data]
   */
  constructor(code, message, data) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/**
 * @typedef {object} Pending
 * @property {(value: any) => void} resolve
 * @property {(error: ControlError) => void} reject
 * @property {ReturnType<typeof setTimeout>} timer
 * @property {number} asked in milliseconds of `performance.now()`
 */

export class Control {
  #address;
  #hello;
  #events;
  #backoff = new Backoff();
  #pause = new Pause();
  #life = new AbortController();
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #nextId = 1;
  #heard = 0;
  #ready = false;
  #hung = false;
  #crowded = false;
  /** @type {Record<string, boolean> | null} */
  #watched = null;

  /**
   * @param {object} options
   * @param {string} options.address of the websocket
   * @param {string} [options.token] the teacher's
   * @param {string} [options.key] of an invitation, instead
   * @param {ControlEvents} options.events
   */
  constructor({ address, token, key, events }) {
    this.#address = address;
    this.#hello = key === undefined ? { token } : { key };
    this.#events = events;
  }

  /** Whether the broadcaster answered the last time that it takes no more connections now. */
  get crowded() {
    return this.#crowded;
  }

  start() {
    void this.#run();
  }

  stop() {
    this.#life.abort();
    this.#socket?.close(1000);
  }

  hurry() {
    this.#pause.wake();
  }

  /**
   * Asks for notifications, now and after every reconnection.
   *
   * @param {Record<string, boolean>} what such as meters and thumbnails
   */
  async watch(what) {
    this.#watched = what;
    if (this.#ready) await this.request('watch', what);
  }

  /**
   * @template {Method} M
   * @param {M} method
   * @param {Record<string, unknown>} [params]
   * @returns {Promise<Replies[M]>} the result
   * @throws {ControlError}
   */
  request(method, params = {}) {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN || !(this.#ready || method === 'hello')) {
      return Promise.reject(new ControlError(0, 'not connected'));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#pending.delete(id);
          reject(new ControlError(0, 'no answer'));
        },
        method === 'hello' ? HELLO_MS : REQUEST_MS,
      );
      this.#pending.set(id, { resolve, reject, timer, asked: performance.now() });
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  async #run() {
    const { signal } = this.#life;
    this.#events.onState('connecting');
    while (!signal.aborted) {
      const denied = await this.#connect();
      if (signal.aborted) return;
      this.#events.onState(denied ? 'denied' : 'lost');
      if (denied) return;
      await this.#pause.sleep(this.#backoff.next(), signal);
    }
  }

  /** @returns {Promise<boolean>} resolves when the connection has ended: whether the token was refused */
  #connect() {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#address, SUBPROTOCOL);
      this.#socket = socket;
      let denied = false;
      let crowded = false;
      const opening = setTimeout(() => socket.close(), OPEN_MS);
      socket.addEventListener('open', async () => {
        clearTimeout(opening);
        try {
          const result = await this.request('hello', this.#hello);
          this.#ready = true;
          this.#backoff.reset();
          this.#events.onHello(result);
          this.#events.onState('open');
          if (this.#watched) await this.request('watch', this.#watched);
        } catch (error) {
          if (!(error instanceof ControlError)) throw error;
          denied = error.code === WRONG_TOKEN;
          crowded = !this.#ready && error.code === NOT_POSSIBLE;
          socket.close(1000);
        }
      });
      socket.addEventListener('message', ({ data }) => this.#take(data));
      const heartbeat = setInterval(() => void this.#checkAlive(socket), HUNG_MS / 4);
      socket.addEventListener('close', ({ code }) => {
        clearTimeout(opening);
        clearInterval(heartbeat);
        this.#crowded = crowded || code === TRY_AGAIN_LATER_CLOSE;
        this.#ready = false;
        this.#tellHung(false);
        this.#socket = null;
        for (const { reject, timer } of this.#pending.values()) {
          clearTimeout(timer);
          reject(new ControlError(code === WRONG_TOKEN_CLOSE ? WRONG_TOKEN : 0, 'connection closed'));
        }
        this.#pending.clear();
        // The rejections above run first, so a refused hello has been seen by then.
        queueMicrotask(() => resolve(denied || code === WRONG_TOKEN_CLOSE));
      });
    });
  }

  /** @param {WebSocket} socket */
  async #checkAlive(socket) {
    if (!this.#ready) return;
    const now = performance.now();
    const pending = [...this.#pending.values()];
    this.#tellHung(now - this.#heard > HUNG_MS && pending.some(({ asked }) => now - asked > HUNG_MS));
    if (pending.length > 0 || now - this.#heard < (this.#events.onHung ? HUNG_MS : SILENCE_MS)) return;
    try {
      await this.request('watch', this.#watched ?? {});
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      if (error.code === 0) socket.close(4000);
    }
  }

  /** @param {boolean} hung */
  #tellHung(hung) {
    if (hung === this.#hung) return;
    this.#hung = hung;
    this.#events.onHung?.(hung);
  }

  /** @param {unknown} data */
  #take(data) {
    this.#heard = performance.now();
    this.#tellHung(false);
    const message = JSON.parse(String(data));
    if (message.id === undefined || message.id === null) {
      if (typeof message.method === 'string') this.#events.onNotification(message.method, message.params ?? {});
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.error) {
      pending.reject(new ControlError(message.error.code, message.error.message, message.error.data));
    } else {
      pending.resolve(message.result);
    }
  }
}
