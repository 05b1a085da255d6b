/**
 * The original signaling of WebRTC's `peerconnection` example, as a client: sign in, hanging get, message, sign out.
 *
 * It stays signed in by itself: when a wait fails or the server no longer knows us, it signs in anew with growing
 * pauses, until `stop()`. It knows nothing of what the messages mean.
 */
import { Backoff, Pause } from './backoff.js';
import { parseMembers } from './members.js';

/** @typedef {import('./members.js').Member} Member */

/**
 * @typedef {object} SignalingEvents
 * @property {(id: number, others: Member[]) => void} onSignedIn
 * @property {(member: Member) => void} onMember somebody came or left
 * @property {(from: number, body: string) => void} onMessage
 * @property {(why: string) => void} onRefused the server does not let us in, and is not asked again; why is one of our
 *   own server's words (`REFUSALS`), or a sentence
 * @property {(why: string, failures: number) => void} onLost not signed in now; failures counts attempts in a row
 */

const REFUSALS = ['passcode', 'banned', 'full'];

/** A reply later than this counts as none. A hanging get has no such limit. */
const REPLY_MS = 8000;
/** Who stayed signed in this long starts with a short pause again after the next failure. */
const WELL_MS = 5000;
/** Messages that wait for their turn; more mean that nothing gets through, and then they are worth nothing. */
const OUTBOX_LIMIT = 64;

export class Signaling {
  #base;
  #name;
  #passcode;
  #events;
  #backoff = new Backoff();
  #pause = new Pause();
  /** @type {AbortController | null} */
  #life = null;
  /** @type {AbortController | null} */
  #wait = null;
  /** @type {number | null} */
  #id = null;
  /**
   * The id that the server may still know us by, although we do not count as signed in since our wait broke off.
   *
   * @type {number | null}
   */
  #lost = null;
  #outbox = Promise.resolve(true);
  #waitingMessages = 0;

  /**
   * @param {object} options
   * @param {string} options.name the member's name, in any characters
   * @param {string} [options.passcode] what the lesson's passcode is thought to be
   * @param {SignalingEvents} options.events
   * @param {string} [options.base] address before `/sign_in`; nothing for the server of this page
   */
  constructor({ name, passcode = '', events, base = '' }) {
    this.#name = name;
    this.#passcode = passcode;
    this.#events = events;
    this.#base = base;
  }

  /** Our own id, or null while we are not signed in. */
  get id() {
    return this.#id;
  }

  start() {
    if (this.#life) throw new Error('The signaling has been started already.');
    this.#life = new AbortController();
    void this.#run(this.#life.signal);
  }

  /** Ends everything. Does not sign out: see `signOut`. */
  stop() {
    this.#life?.abort();
    this.#wait?.abort();
    this.#id = null;
  }

  /** Cuts a pause between two attempts short, for instance because the network is back. */
  hurry() {
    this.#pause.wake();
  }

  /** Leaves the server and signs in anew, as a member with a new id. */
  again() {
    this.signOut();
    this.#wait?.abort();
  }

  /**
   * Tells the server that we go. Meant to work while the page is being closed, so nothing waits for the reply; Firefox
   * breaks the wait off before it says that the page is closed.
   */
  signOut() {
    const id = this.#id ?? this.#lost;
    if (id === null) return;
    const address = `${this.#base}/sign_out?peer_id=${id}`;
    this.#id = null;
    this.#lost = null;
    fetch(address, { keepalive: true, cache: 'no-store' }).catch(ignoreLateReply);
  }

  /**
   * Sends one message; messages arrive in the order of the calls.
   *
   * @param {number} to
   * @param {string} body
   * @returns {Promise<boolean>} whether the server took it
   */
  send(to, body) {
    const from = this.#id;
    if (from === null || this.#waitingMessages >= OUTBOX_LIMIT) return Promise.resolve(false);
    this.#waitingMessages += 1;
    this.#outbox = this.#outbox.then(async () => {
      this.#waitingMessages -= 1;
      return from === this.#id && this.#post(`/message?peer_id=${from}&to=${to}`, body);
    });
    return this.#outbox;
  }

  /** @returns {Promise<boolean>} whether the server answers at all, with whatever */
  async reachable() {
    try {
      await fetch(`${this.#base}/healthz`, { cache: 'no-store', signal: AbortSignal.timeout(REPLY_MS) });
      return true;
    } catch (error) {
      return isNetworkFailure(error) ? false : Promise.reject(error);
    }
  }

  /** @param {AbortSignal} life */
  async #run(life) {
    while (!life.aborted) {
      let why = 'signed out';
      let signedIn = Number.POSITIVE_INFINITY;
      try {
        this.#wait = new AbortController();
        await this.#signIn();
        signedIn = performance.now();
        if (!life.aborted) why = await this.#listen(this.#wait.signal);
      } catch (error) {
        if (!isNetworkFailure(error) && !(error instanceof Refusal)) throw error;
        why = error instanceof Error ? error.message : String(error);
        this.#lost = this.#id ?? this.#lost;
      }
      this.#id = null;
      if (life.aborted) return;
      if (performance.now() - signedIn > WELL_MS) this.#backoff.reset();
      const milliseconds = this.#backoff.next();
      this.#events.onLost(why, this.#backoff.attempts);
      await this.#pause.sleep(milliseconds, life);
    }
  }

  async #signIn() {
    const keys = this.#passcode === '' ? '' : `&pass=${encodeURIComponent(this.#passcode)}`;
    const address = `${this.#base}/sign_in?${encodeURIComponent(this.#name)}${keys}`;
    const reply = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(REPLY_MS) });
    if (reply.status === 403) {
      const sentence = await reply.text();
      this.stop();
      const code = reply.headers.get('X-Classroom-Refused') ?? '';
      this.#events.onRefused(REFUSALS.includes(code) ? code : sentence);
      return;
    }
    if (reply.status !== 200) throw new Refusal(`sign in: ${reply.status}`);
    const members = parseMembers(await reply.text());
    // The id is in both places; a proxy may have taken the header away.
    const id = Number(reply.headers.get('Pragma') ?? members[0]?.id);
    if (!Number.isInteger(id)) throw new Refusal('sign in: no id');
    if (this.#life?.signal.aborted) return;
    this.#id = id;
    this.#lost = null;
    this.#events.onSignedIn(
      id,
      members.filter((member) => member.id !== id && member.connected),
    );
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<string>} why it ended
   */
  async #listen(signal) {
    const id = this.#id;
    while (!signal.aborted) {
      const reply = await fetch(`${this.#base}/wait?peer_id=${id}`, { cache: 'no-store', signal });
      if (reply.status !== 200) return `wait: ${reply.status}`;
      const body = await reply.text();
      if (signal.aborted) break;
      const from = reply.headers.get('Pragma');
      if (from === null) return body || 'wait: no sender';
      if (Number(from) !== id) this.#events.onMessage(Number(from), body);
      else for (const member of parseMembers(body)) this.#events.onMember(member);
    }
    return 'signed out';
  }

  /**
   * @param {string} path
   * @param {string} body
   */
  async #post(path, body) {
    try {
      const reply = await fetch(`${this.#base}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain' },
        body,
        signal: AbortSignal.timeout(REPLY_MS),
      });
      return reply.status === 200;
    } catch (error) {
      return isNetworkFailure(error) ? false : Promise.reject(error);
    }
  }
}

/** The server answered, but not with what was asked for. */
class Refusal extends Error {}

/**
 * @param {unknown} error
 * @returns {boolean} whether this is how fetch says that the network, a time limit or an abort ended the request
 */
function isNetworkFailure(error) {
  return (
    error instanceof TypeError || (error instanceof DOMException && /^(Abort|Timeout|Network)Error$/.test(error.name))
  );
}

/** @param {unknown} error */
function ignoreLateReply(error) {
  if (!isNetworkFailure(error)) throw error;
}
