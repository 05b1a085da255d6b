/**
 * Signaling over the control websocket. A receiver sees a room with the broadcaster as the only other member; messages
 * that only students send are left out.
 */
import { Backoff, Pause } from '../lib/backoff.js';
import { ControlError } from '../lib/control.js';

const BROADCASTER = 0;

export class ControlSignaling {
  #control;
  #events;
  #backoff = new Backoff();
  #pause = new Pause();
  #life = new AbortController();
  /** The broadcaster's name for our connection @type {string | null} */
  #peer = null;
  #count = 0;
  /** Which attempt is the latest; results of earlier ones are dropped. */
  #attempt = 0;

  /**
   * @param {import('../lib/control.js').Control} control
   * @param {import('../lib/signaling.js').SignalingEvents} events
   */
  constructor(control, events) {
    this.#control = control;
    this.#events = events;
  }

  /** Another number for each connection that was begun, or null while there is none. */
  get id() {
    return this.#peer === null ? null : this.#count;
  }

  start() {
    void this.#open();
  }

  /** Ends everything but the connection itself: see `signOut`. */
  stop() {
    this.#life.abort();
    this.#peer = null;
  }

  hurry() {
    this.#pause.wake();
  }

  /** The control connection finds out by itself whether it still lives. */
  renew() {}

  /** Asks for a new connection in the place of this one. */
  again() {
    this.signOut();
    void this.#open();
  }

  signOut() {
    if (this.#peer === null) return;
    const peer = this.#peer;
    this.#peer = null;
    void this.#ask('peer.close', { peer });
  }

  /** The control connection was lost, and with it everything that was begun over it. */
  lost() {
    this.#attempt += 1;
    if (this.#peer === null || this.#life.signal.aborted) return;
    this.#peer = null;
    this.#events.onLost('control', 1);
  }

  /**
   * Takes a notification `peer`.
   *
   * @param {import('../lib/control.js').PeerNews} said
   */
  take({ peer, ...message }) {
    if (peer === this.#peer && peer !== null) this.#events.onMessage(BROADCASTER, JSON.stringify(message));
  }

  /**
   * @param {number} _to there is only one
   * @param {string} body
   * @returns {Promise<boolean>} whether the broadcaster took it
   */
  send(_to, body) {
    const peer = this.#peer;
    if (peer === null) return Promise.resolve(false);
    const message = /** @type {import('../lib/protocol.d.ts').FromPage} */ (JSON.parse(body));
    switch (message.type) {
      case 'answer':
        return this.#ask('peer.answer', { peer, sdp: message.sdp });
      case 'key-frame':
        return this.#ask('peer.key_frame', { peer });
      case 'restart':
        this.again();
        return Promise.resolve(true);
      case undefined:
        return this.#ask('peer.candidate', { peer, ...message });
      default: // Of a student: hello, figures, sizes.
        return Promise.resolve(true);
    }
  }

  /** @returns {Promise<boolean>} the control connection finds out by itself when nobody answers */
  reachable() {
    return Promise.resolve(true);
  }

  async #open() {
    this.#attempt += 1;
    const attempt = this.#attempt;
    const { signal } = this.#life;
    while (!signal.aborted && attempt === this.#attempt) {
      try {
        const { peer } = await this.#control.request('peer.offer', { role: 'monitor' });
        if (signal.aborted || attempt !== this.#attempt) {
          void this.#ask('peer.close', { peer });
          return;
        }
        this.#backoff.reset();
        this.#peer = peer;
        this.#count += 1;
        this.#events.onSignedIn(this.#count, [{ id: BROADCASTER, name: '', connected: true }]);
        return;
      } catch (error) {
        if (!(error instanceof ControlError)) throw error;
        if (signal.aborted || attempt !== this.#attempt) return;
        const milliseconds = this.#backoff.next();
        this.#events.onLost(error.message, this.#backoff.attempts);
        await this.#pause.sleep(milliseconds, signal);
      }
    }
  }

  /**
   * @param {import('../lib/control.js').Method} method
   * @param {Record<string, unknown>} params
   */
  async #ask(method, params) {
    try {
      await this.#control.request(method, params);
      return true;
    } catch (error) {
      if (error instanceof ControlError) return false;
      throw error;
    }
  }
}
