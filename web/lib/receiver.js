/**
 * Receives a lesson: signs in, answers the broadcaster's offers, and recovers automatically from every failure.
 *
 * The student page and the monitor of the teacher page both use it. It has no DOM: it reports through its events.
 */
import { BroadcasterChoice } from './broadcaster.js';
import { Connection } from './connection.js';
import { Diagnosis } from './diagnosis.js';
import { candidateOf, iceServers, readMessage, text } from './messages.js';
import { OfferHold } from './offer_hold.js';
import { ReceptionState } from './reception_state.js';
import { digest } from './statistics.js';
import { Watchdog } from './watchdog.js';

/**
 * @import {Candidate, FromPage, ToPage} from './protocol.d.ts'
 * @typedef {import('./reception_state.js').State} State
 */

/**
 * How to reach the broadcaster: the signaling of the room, or something that behaves like it.
 *
 * @typedef {Pick<import('./signaling.js').Signaling,
 *   'id' | 'start' | 'stop' | 'hurry' | 'renew' | 'again' | 'signOut' | 'send' | 'reachable'>} SignalingChannel
 */

/**
 * @typedef {object} ReceiverEvents
 * @property {(state: State, why: string | null) => void} onState
 * @property {(stream: MediaStream) => void} onStream
 * @property {(type: string, fields: any) => boolean} onMessage the broadcaster's `welcome`, its `waiting`, and every
 *   message that the receiver itself does not need; returns whether it means anything here
 * @property {() => void} onGreeted a broadcaster was greeted, and may be sent messages
 * @property {(figures: import('./statistics.js').Digest) => void} onFigures about once a second
 */

const SAMPLE_MS = 1000;
/** Until the first picture the figures are looked at more often, so that "live" is not said late. */
const FIRST_SAMPLE_MS = 250;
const PROBE_MS = 15000;
/** A pause between two looks at the figures as long as this means that the computer slept, or that the page is hidden. */
const SLEPT_MS = 20000;

export class Receiver {
  #hello;
  #events;
  #eventLog;
  #signaling;
  #connection;
  #broadcaster;
  #offers = new OfferHold((sdp, candidates) => this.#takeOffer(sdp, candidates));
  #watchdog = new Watchdog(performance.now());
  #reception = new ReceptionState();
  /** @type {State} */
  #state = 'joining';
  /** @type {string | null} */
  #why = null;
  #diagnosis = new Diagnosis();
  /** @type {'ended' | 'refused' | null} */
  #final = null;
  #stopped = false;
  /** Whether the teacher has to let us in first. */
  #lobby = false;
  /** What proves to the broadcaster that we were here before. */
  #ticket;
  /** @type {import('./watchdog.js').Verdict} */
  #verdict = { flowing: false, picture: false, want: null, reason: null };
  /** @type {import('./statistics.js').Digest | null} */
  #figures = null;
  /** A member came that may be the broadcaster; if its offer is lost, a new sign-in brings another. */
  #offerExpected = false;
  #lastProbe = 0;
  #lastLook = performance.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} options
   * @param {(events: import('./signaling.js').SignalingEvents) => SignalingChannel} options.signaling makes it
   * @param {string | null} [options.broadcaster] its name, where others are listed as well
   * @param {string | null} [options.ticket] of an earlier welcome
   * @param {{language?: string, device?: string, can_send?: import('./can_send.js').CanSend}} options.hello what the hello says besides its fixed part, such as the language
   * @param {boolean} [options.relayOnly] to receive over relay servers only, which shows whether they work
   * @param {import('./event_log.js').EventLog} options.eventLog
   * @param {ReceiverEvents} options.events
   */
  constructor({ signaling, broadcaster = null, ticket = null, hello, relayOnly = false, eventLog, events }) {
    this.#ticket = ticket;
    this.#hello = hello;
    this.#eventLog = eventLog;
    this.#events = events;
    this.#broadcaster = new BroadcasterChoice(broadcaster);
    this.#signaling = signaling({
      onSignedIn: (id, others) => this.#signedIn(id, others),
      onMember: (member) => this.#memberChanged(member),
      onMessage: (from, body) => this.#messageCame(from, body),
      onRefused: (why) => this.#finish('refused', why),
      onLost: (why, failures) => this.#signalingLost(why, failures),
    });
    this.#connection = new Connection(
      {
        send: (message) => void this.#send(message),
        onStream: (stream) => this.#events.onStream(stream),
        onState: (state) => this.#eventLog.add('log.connection', { state }),
        onFault: (why) => this.#eventLog.add('log.fault', { why }),
        onRelay: (fault) => this.#relayLooked(fault),
      },
      relayOnly,
    );
  }

  start() {
    this.#events.onState(this.#state, null);
    this.#signaling.start();
    this.#schedule(FIRST_SAMPLE_MS);
  }

  /** Leaves the lesson. Works while the page is being closed. */
  stop() {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#offers.drop();
    this.#signaling.signOut();
    this.#signaling.stop();
    this.#connection.close();
  }

  /** The network may be back: do not wait for the end of a pause. */
  hurry() {
    this.#diagnosis.reset();
    this.#signaling.hurry();
  }

  /** @param {FromPage} message to the broadcaster; without one it is dropped */
  send(message) {
    if (!this.#stopped) void this.#send(message);
  }

  /**
   * @param {'audio' | 'video'} kind
   * @returns {import('./connection.js').Stamp | null} what of the lesson is newest here
   */
  stamp(kind) {
    return this.#connection.stamp(kind);
  }

  /**
   * @param {number} id
   * @param {import('./members.js').Member[]} others
   */
  #signedIn(id, others) {
    this.#eventLog.add('log.signed_in', { id: String(id) });
    this.#reception.signedIn();
    this.#broadcaster.signedIn(others);
    this.#offerExpected = false;
    this.#lobby = false;
    // A connection that still plays continues until the new offer; a dead one would only raise an alarm.
    if (!this.#verdict.flowing) this.#dropConnection();
    this.#watchdog.newSignIn(performance.now());
    if (this.#broadcaster.id !== null) this.#greet();
    this.#show();
  }

  /** @param {import('./members.js').Member} member */
  #memberChanged(member) {
    if (member.connected) {
      if (this.#broadcaster.joined(member)) {
        this.#watchdog.newSignIn(performance.now());
        this.#greet();
      } else if (this.#broadcaster.id === null) {
        this.#offerExpected = true;
        this.#watchdog.newSignIn(performance.now());
      }
      return;
    }
    if (!this.#broadcaster.left(member)) return;
    this.#eventLog.add('log.broadcaster_left');
    this.#lobby = false;
    this.#dropConnection();
    this.#show();
  }

  /**
   * @param {number} from
   * @param {string} body
   */
  #messageCame(from, body) {
    const message = readMessage(body);
    if (message?.type === 'offer' && typeof message.sdp === 'string') {
      const known = this.#broadcaster.id;
      if (!this.#broadcaster.offered(from)) return;
      this.#offerExpected = false;
      if (known !== from) this.#greet();
      this.#offers.offer(message.sdp);
    } else if (from === this.#broadcaster.id && !(message && this.#understood(message))) {
      this.#eventLog.add('log.unknown');
    }
  }

  /**
   * @param {import('./messages.js').Unread<ToPage | Candidate>} message of the broadcaster
   * @returns {boolean} whether it means anything to this page
   */
  #understood(message) {
    const servers = 'ice_servers' in message ? iceServers(message.ice_servers) : null;
    switch (message.type) {
      case 'waiting':
        this.#lobby = true;
        this.#welcomed(message);
        this.#dropConnection();
        this.#show();
        return true;
      case 'welcome':
        this.#eventLog.add('log.welcome');
        if (this.#lobby) this.#watchdog.newSignIn(performance.now()); // only now an offer may be expected
        this.#lobby = false;
        if (servers) this.#connection.iceServers = servers;
        this.#offers.release();
        this.#welcomed(message);
        this.#show();
        return true;
      case 'ice_servers':
        if (servers) this.#connection.iceServers = servers;
        return servers !== null;
      case 'ended':
      case 'refused':
        this.#finish(message.type, message.type === 'refused' ? text(message.why) : null);
        return true;
      case 'offer': // Without a description.
        return false;
      default: {
        // A candidate has no type; anything else is for the page, or a newer broadcaster's.
        const candidate = 'candidate' in message ? candidateOf(message) : null;
        if (candidate && !this.#offers.candidate(candidate)) void this.#connection.takeCandidate(candidate);
        return candidate !== null || this.#events.onMessage(String(message.type), message);
      }
    }
  }

  /** @param {{type: string, title?: unknown, language?: unknown, ticket?: unknown}} said */
  #welcomed({ type, title, language, ticket }) {
    this.#ticket = text(ticket) ?? this.#ticket;
    this.#events.onMessage(type, { title: text(title), language: text(language), ticket: this.#ticket });
  }

  /**
   * @param {string} sdp
   * @param {RTCIceCandidateInit[]} candidates
   */
  #takeOffer(sdp, candidates) {
    this.#eventLog.add('log.offer');
    this.#dropConnection();
    void this.#connection.takeOffer(sdp, candidates);
    this.#schedule(FIRST_SAMPLE_MS);
  }

  /**
   * @param {string} why
   * @param {number} failures
   */
  #signalingLost(why, failures) {
    this.#reception.lost(why, failures);
    this.#eventLog.add('log.lost', { why });
    this.#show();
  }

  /**
   * @param {'ended' | 'refused'} state
   * @param {string | null} why
   */
  #finish(state, why) {
    this.#eventLog.add(state === 'ended' ? 'log.ended' : 'log.refused');
    this.#final = state;
    this.stop();
    this.#state = state;
    this.#events.onState(state, why);
  }

  /** @param {import('./relay.js').RelayFault | null} fault */
  #relayLooked(fault) {
    if (!this.#diagnosis.noteRelay(fault, performance.now())) return;
    this.#eventLog.add(fault === null ? 'log.relay' : 'log.no_relay', { fault: String(fault) });
    if (fault !== 'missing') void this.#send({ type: 'ice-fault', code: fault });
  }

  #greet() {
    this.#offers.hold();
    const ticket = this.#ticket ?? undefined;
    void this.#send({ type: 'hello', app: 'classroom', version: 1, ...this.#hello, ticket });
    this.#events.onGreeted();
  }

  /**
   * @param {FromPage} message
   * @returns {Promise<boolean>}
   */
  async #send(message) {
    const broadcaster = this.#broadcaster.id;
    return broadcaster !== null && this.#signaling.send(broadcaster, JSON.stringify(message));
  }

  #dropConnection() {
    this.#offers.drop();
    this.#connection.close();
    this.#figures = null;
    this.#verdict = { flowing: false, picture: false, want: null, reason: null };
    this.#watchdog.newConnection(performance.now());
  }

  /** @param {number} milliseconds */
  #schedule(milliseconds) {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), milliseconds);
  }

  async #look() {
    const now = performance.now();
    const slept = now - this.#lastLook > SLEPT_MS;
    this.#lastLook = now;
    const report = await this.#connection.statistics();
    if (this.#stopped) return;
    const figures = report ? digest(report.values(), this.#figures, performance.now()) : null;
    const picture = this.#verdict.picture;
    this.#verdict = this.#watchdog.observe({
      now: performance.now(),
      state: this.#connection.state,
      packets: figures?.packets ?? 0,
      videoPackets: figures?.videoPackets ?? 0,
      frames: figures?.frames ?? 0,
      reachable: this.#signaling.id !== null && !this.#lobby && (this.#broadcaster.id !== null || this.#offerExpected),
    });
    const expecting = this.#signaling.id !== null && !this.#lobby && this.#broadcaster.id !== null;
    const { flowing } = this.#verdict;
    this.#diagnosis.observe({ now: performance.now(), expecting, flowing, ice: this.#connection.ice });
    this.#schedule(this.#verdict.picture && picture ? SAMPLE_MS : FIRST_SAMPLE_MS);
    if (figures && (!this.#figures || figures.at - this.#figures.at >= SAMPLE_MS * 0.9)) {
      this.#figures = figures;
      this.#events.onFigures(figures);
    }
    // In a hidden page that waits, timers fire once a minute, so this must cost nothing where the computer did not sleep.
    if (slept && !this.#verdict.flowing) this.#signaling.renew();
    await this.#recover();
    if (!this.#stopped) this.#show();
  }

  async #recover() {
    if (this.#signaling.id === null) return;
    const { want, reason, flowing } = this.#verdict;
    if (want === 'again' || (want === 'restart' && this.#broadcaster.id === null)) {
      // Without a broadcaster there is nobody to ask for a restart; a new sign-in brings the list of members again.
      this.#eventLog.add('log.again', { reason: reason ?? '' });
      this.#signaling.again();
    } else if (want && this.#broadcaster.id !== null) {
      this.#eventLog.add(want === 'restart' ? 'log.restart' : 'log.key_frame', { reason: reason ?? '' });
      const id = this.#signaling.id;
      const taken = await this.#send({ type: want });
      if (!taken && want === 'restart' && this.#signaling.id === id && !this.#stopped) this.#signaling.again();
    }
    if (!flowing) await this.#probe();
  }

  /** Without a stream nothing shows that the network is gone while the wait hangs, so the server is asked now and then. */
  async #probe() {
    const now = performance.now();
    const id = this.#signaling.id;
    if ((now - this.#lastProbe < PROBE_MS && !this.#diagnosis.asks) || id === null) return;
    this.#lastProbe = now;
    const reachable = await this.#signaling.reachable();
    if (reachable) this.#diagnosis.answered(performance.now() - now);
    if (!reachable && this.#signaling.id === id && !this.#stopped) this.#signaling.again();
  }

  #show() {
    if (this.#final || this.#stopped) return;
    const state = this.#reception.observe({
      now: performance.now(),
      flowing: this.#verdict.flowing,
      picture: this.#verdict.picture,
      blind: this.#connection.blind,
      signedIn: this.#signaling.id !== null,
      lobby: this.#lobby,
      broadcaster: this.#broadcaster.id !== null,
      connection: this.#connection.state !== null,
    });
    const onTheWay = state === 'joining' || state === 'reconnecting';
    const blind = state === 'sound-only' && this.#connection.blind;
    const lost = state === 'unreachable' && this.#reception.contactJustLost ? 'lost-contact' : null;
    const obstacle = onTheWay || state === 'unreachable' ? (this.#reception.obstacle ?? lost) : null;
    const diagnosed = onTheWay ? this.#diagnosis.why(this.#connection.state, performance.now()) : null;
    const why = blind ? 'picture-format' : (obstacle ?? diagnosed);
    if (state === this.#state && why === this.#why) return;
    if (state !== this.#state) this.#eventLog.add(`log.state.${state}`);
    if (why === 'blocked') this.#eventLog.add('log.blocked');
    this.#state = state;
    this.#why = why;
    this.#events.onState(state, why);
  }
}
