/**
 * The original signaling of WebRTC's `peerconnection` example, as a client: sign in, hanging get, message, sign out.
 *
 * It stays signed in automatically: a wait that fails is repeated with the same id, and when that does not help or the
 * server no longer knows us, it signs in again with growing pauses, until `stop()`. It does not know what the messages
 * mean.
 */
import { Backoff, Pause } from './backoff.js';
import { LongPoll } from './long_poll.js';
import { parseMembers } from './members.js';
import { ask, isFromBetween, isTooSilent, NetworkFailure } from './request.js';
import { Tabs } from './tabs.js';

/** @typedef {import('./members.js').Member} Member */

/**
 * @typedef {object} SignalingEvents
 * @property {(id: number, others: Member[]) => void} onSignedIn
 * @property {(member: Member) => void} onMember somebody came or left
 * @property {(from: number, body: string) => void} onMessage
 * @property {(why: string) => void} onRefused the server does not let us in, and is not asked again; why is one of our
 *   own server's words (`REFUSALS`), or a sentence
 * @property {(why: string, failures: number) => void} onLost not signed in now; why is `sign in: STATUS` when somebody
 *   answered all the same; failures counts attempts in a row
 */

const REFUSALS = ['passcode', 'banned', 'full', 'origin'];

/** A reply later than this counts as none. */
const REPLY_MS = 8000;
/** After this long signed in, the next failure starts with a short pause again. */
const WELL_MS = 5000;
/** How often a message is sent to a server that does not take it, until it counts as lost. */
const POST_TRIES = 4;
const TOO_MANY = 429;
const TURNS = 2 ** 40;
/** In how many seconds the server should answer while many pages of this browser wait. */
const MANY_SECONDS = 1;
/** Messages that wait for their turn; more mean that nothing gets through, and then they are of no use. */
const OUTBOX_LIMIT = 64;

export class Signaling {
  #base;
  #name;
  #passcode;
  #events;
  #backoff = new Backoff();
  #pause = new Pause();
  #pauseOfMessages = new Pause();
  /** @type {AbortController | null} */
  #life = null;
  /** @type {AbortController | null} */
  #wait = null;
  /** The request that waits for news. @type {AbortController | null} */
  #request = null;
  #longPoll;
  #tabs = new Tabs(() => this.renew());
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
   * @param {string} [options.base] address before `/sign_in`; empty for the server of this page
   */
  constructor({ name, passcode = '', events, base = '' }) {
    this.#name = name;
    this.#passcode = passcode;
    this.#events = events;
    this.#base = base;
    // An external server ignores the time that is asked for.
    this.#longPoll = new LongPoll({ promised: base === '' });
  }

  /** Our own id, or null while we are not signed in. */
  get id() {
    return this.#id;
  }

  start() {
    if (this.#life) throw new Error('The signaling has been started already.');
    this.#life = new AbortController();
    // An external server answers when it has news, however early it is asked to.
    if (this.#base === '') this.#tabs.open();
    void this.#run(this.#life.signal);
  }

  /** Ends everything. Does not sign out: see `signOut`. */
  stop() {
    this.#life?.abort();
    this.#tabs.close();
    this.#endWait();
    this.#id = null;
  }

  /** Asks for news with a new request: if the last one is dead, because the computer slept, nobody would ever know. */
  renew() {
    this.#request?.abort();
  }

  /** Cuts a pause between two attempts short, for instance because the network is back. */
  hurry() {
    this.#pause.wake();
  }

  /** Leaves the server and signs in again, as a member with a new id. */
  again() {
    this.signOut();
    this.#endWait();
  }

  /**
   * Tells the server that we leave. Meant to work while the page is being closed, so nothing waits for the reply; Firefox
   * breaks the wait off before it says that the page is closed.
   */
  signOut() {
    const id = this.#id ?? this.#lost;
    if (id === null) return;
    this.#id = null;
    this.#lost = null;
    ask(this.#address(`sign_out?peer_id=${id}`), { keepalive: true, limit: REPLY_MS }).catch(ignoreLateReply);
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
    this.#outbox = this.#outbox.then(() => {
      this.#waitingMessages -= 1;
      return this.#post(from, `message?peer_id=${from}&to=${to}`, body);
    });
    return this.#outbox;
  }

  /** @returns {Promise<boolean>} whether the server answers at all */
  async reachable() {
    try {
      await ask(this.#address('healthz'), { limit: REPLY_MS });
      return true;
    } catch (error) {
      if (error instanceof NetworkFailure) return false;
      throw error;
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
        if (!(error instanceof NetworkFailure || error instanceof Refusal)) throw error;
        why = error.message;
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
    const address = this.#address(`sign_in?${encodeURIComponent(this.#name)}${keys}`);
    const reply = await ask(address, { limit: REPLY_MS });
    if (reply.status === 403) {
      this.stop();
      const code = reply.headers.get('X-Classroom-Refused') ?? '';
      this.#events.onRefused(REFUSALS.includes(code) ? code : reply.body);
      return;
    }
    if (reply.status !== 200) throw new Refusal(`sign in: ${reply.status}`);
    const members = parseMembers(reply.body);
    // The id is in both places; a proxy may have taken the header away.
    const id = Number(reply.headers.get('Pragma') ?? members[0]?.id);
    if (!Number.isInteger(id)) throw new Refusal('sign in: no id');
    if (this.#life?.signal.aborted) return;
    this.#id = id;
    this.#lost = null;
    this.#longPoll.answered();
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
    // The same turn twice gets the same answer, so nothing is lost on the way; any number may be the first one.
    let turn = Math.floor(Math.random() * TURNS);
    while (!signal.aborted) {
      const reply = await this.#askForNews(`wait?peer_id=${id}&turn=${turn}`, signal);
      if (signal.aborted) break;
      if (reply.status !== 200) return `wait: ${reply.status}`;
      turn += 1;
      const from = reply.headers.get('Pragma');
      if (from === null) return reply.body || 'wait: no sender';
      if (Number(from) !== id) this.#events.onMessage(Number(from), reply.body);
      else for (const member of parseMembers(reply.body)) this.#events.onMember(member);
    }
    return 'signed out';
  }

  /**
   * Asks until the server answers, or until asking no longer helps.
   *
   * @param {string} what
   * @param {AbortSignal} signal
   * @returns {Promise<import('./request.js').Answer>}
   */
  async #askForNews(what, signal) {
    for (;;) {
      const request = new AbortController();
      this.#request = request;
      const begun = performance.now();
      const { limit } = this.#longPoll;
      this.#tabs.waits();
      const seconds = this.#tabs.many ? Math.min(MANY_SECONDS, this.#longPoll.seconds) : this.#longPoll.seconds;
      /** @type {import('./request.js').Answer | null} */
      let reply = null;
      let fault = new NetworkFailure('wait');
      try {
        reply = await ask(this.#address(`${what}&within=${seconds}`), { signal: request.signal, limit });
        if (!isFromBetween(reply.status)) {
          this.#longPoll.answered();
          return reply;
        }
        fault = new NetworkFailure(`wait: ${reply.status}`);
      } catch (error) {
        if (!(error instanceof NetworkFailure)) throw error;
        fault = error;
      }
      if (signal.aborted) throw fault;
      const lasted = performance.now() - begun;
      const ours = request.signal.aborted || lasted >= limit;
      const tooSilent = reply !== null && isTooSilent(reply.status);
      // An external server counts its members 1, 2, 3: once it was away, our id may be another's.
      if (this.#base !== '' && !ours && !tooSilent) throw fault;
      const pause = request.signal.aborted ? 0 : this.#longPoll.failed(lasted, tooSilent);
      if (pause === null) throw fault;
      if (pause > 0) await this.#pause.sleep(pause, signal);
      if (signal.aborted) throw fault;
    }
  }

  /**
   * @param {number} from
   * @param {string} path
   * @param {string} body
   */
  async #post(from, path, body) {
    const backoff = new Backoff();
    for (let tries = 1; from === this.#id; tries += 1) {
      try {
        const reply = await ask(this.#address(path), {
          method: 'POST',
          headers: { 'Content-Type': 'text/plain' },
          body,
          limit: REPLY_MS,
        });
        if (reply.status !== TOO_MANY && !isFromBetween(reply.status)) return reply.status === 200;
      } catch (error) {
        if (!(error instanceof NetworkFailure)) throw error;
      }
      if (tries === POST_TRIES || !this.#wait) break;
      await this.#pauseOfMessages.sleep(backoff.next(), this.#wait.signal);
    }
    return false;
  }

  #endWait() {
    this.#wait?.abort();
    this.#request?.abort();
  }

  /** @param {string} what the address without what stands before it */
  #address(what) {
    // Without a slash it belongs to the page's own folder, under any path at which a proxy shows it.
    return this.#base === '' ? what : `${this.#base}/${what}`;
  }
}

/** The server answered, but not with what was asked for. */
class Refusal extends Error {}

/** @param {unknown} error */
function ignoreLateReply(error) {
  if (!(error instanceof NetworkFailure)) throw error;
}
