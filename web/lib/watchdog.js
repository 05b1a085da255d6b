/**
 * Decides from what arrives whether a lesson is received, and what to ask for when it is not.
 *
 * Pure: it takes the time and the figures, and answers. From mild to strong it wants a key frame (packets come but
 * no picture), a restart (a new offer, because this connection is dead) and a new sign-in (nobody answers).
 *
 * A freeze that is over asks for nothing: the picture is back, and a key frame would cost all the other viewers.
 *
 * @typedef {object} Sample
 * @property {number} now milliseconds
 * @property {RTCPeerConnectionState | null} state of the connection; null while there is none
 * @property {number} packets received so far on this connection
 * @property {number} videoPackets received so far on this connection
 * @property {number} frames decoded so far on this connection
 * @property {boolean} reachable whether the broadcaster can be asked for anything
 *
 * @typedef {'key-frame' | 'restart' | 'again'} Want
 *
 * @typedef {object} Verdict
 * @property {boolean} flowing packets arrive
 * @property {boolean} picture pictures are decoded
 * @property {Want | null} want
 * @property {Reason | null} reason why it is wanted
 *
 * @typedef {'no-picture' | 'failed' | 'disconnected' | 'never-connected' | 'silence' | 'no-offer' | 'no-answer'} Reason
 */

/** Packets younger than this count as flowing. */
const FLOWING_MS = 2000;
/** A picture younger than this counts as moving. */
const PICTURE_MS = 2500;
const NO_PICTURE_MS = 1000;
const KEY_FRAME_PAUSE_MS = 1000;
const KEY_FRAME_PAUSE_MOST_MS = 8000;
const DISCONNECTED_MS = 3000;
const SILENCE_MS = 5000;
const CONNECT_MS = 12000;
const OFFER_MS = 10000;
/** How long a restart may take before more is wanted; doubled each time, so that no browser keeps asking often. */
const RESTART_MS = 5000;
const RESTART_MOST_MS = 60000;
/** Restarts without effect before a new sign-in is wanted. */
const RESTARTS_IN_VAIN = 1;
/** After this long without trouble, earlier trouble is forgotten. */
const WELL_MS = 10000;

export class Watchdog {
  #begun;
  #packets = 0;
  #videoPackets = 0;
  #frames = 0;
  #lastPacket = Number.NEGATIVE_INFINITY;
  #lastFrame = Number.NEGATIVE_INFINITY;
  #lastVideoPacket = Number.NEGATIVE_INFINITY;
  /** @type {number | null} */
  #disconnected = null;
  /** @type {number | null} */
  #flowingSince = null;
  #keyFrameAsked = Number.NEGATIVE_INFINITY;
  #keyFramePause = KEY_FRAME_PAUSE_MS;
  #restartAsked = Number.NEGATIVE_INFINITY;
  /** Restarts and new sign-ins wanted since all was well. */
  #restarts = 0;
  #unanswered = 0;

  /** @param {number} now */
  constructor(now) {
    this.#begun = now;
  }

  /**
   * An offer came: a new connection begins.
   *
   * @param {number} now
   */
  newConnection(now) {
    this.#forgetConnection(now);
    this.#unanswered = 0;
  }

  /**
   * We signed in (again): an offer is expected from now on.
   *
   * @param {number} now
   */
  newSignIn(now) {
    this.#begun = now;
    this.#unanswered = 0;
  }

  /**
   * @param {Sample} sample
   * @returns {Verdict}
   */
  observe(sample) {
    const { now } = sample;
    if (sample.packets > this.#packets) this.#lastPacket = now;
    if (sample.videoPackets > this.#videoPackets) this.#lastVideoPacket = now;
    if (sample.frames > this.#frames) {
      this.#lastFrame = now;
      this.#keyFramePause = KEY_FRAME_PAUSE_MS;
    }
    this.#packets = sample.packets;
    this.#videoPackets = sample.videoPackets;
    this.#frames = sample.frames;
    this.#disconnected = sample.state === 'disconnected' ? (this.#disconnected ?? now) : null;

    const flowing = sample.state !== null && now - this.#lastPacket < FLOWING_MS;
    const picture = flowing && now - this.#lastFrame < PICTURE_MS;
    this.#flowingSince = flowing ? (this.#flowingSince ?? now) : null;
    if (this.#flowingSince !== null && now - this.#flowingSince > WELL_MS) this.#restarts = 0;

    if (!sample.reachable) return { flowing, picture, want: null, reason: null };
    const dead = this.#dead(sample);
    if (dead) return { flowing, picture, ...this.#askRestart(now, dead) };
    if (this.#needsKeyFrame(now)) return { flowing, picture, want: 'key-frame', reason: 'no-picture' };
    return { flowing, picture, want: null, reason: null };
  }

  /**
   * @param {Sample} sample
   * @returns {Reason | null}
   */
  #dead({ now, state }) {
    if (state === null) return now - this.#begun > OFFER_MS ? 'no-offer' : null;
    if (state === 'failed' || state === 'closed') return 'failed';
    if (this.#disconnected !== null && now - this.#disconnected > DISCONNECTED_MS) return 'disconnected';
    if (this.#lastPacket === Number.NEGATIVE_INFINITY) return now - this.#begun > CONNECT_MS ? 'never-connected' : null;
    return now - this.#lastPacket > SILENCE_MS ? 'silence' : null;
  }

  /**
   * @param {number} now
   * @param {Reason} reason
   * @returns {{want: Want | null, reason: Reason | null}}
   */
  #askRestart(now, reason) {
    const patience = this.#restarts === 0 ? 0 : Math.min(RESTART_MOST_MS, RESTART_MS * 2 ** (this.#restarts - 1));
    if (now - this.#restartAsked < patience) return { want: null, reason: null };
    this.#restartAsked = now;
    this.#restarts += 1;
    if (this.#unanswered >= RESTARTS_IN_VAIN) {
      this.#unanswered = 0;
      return { want: 'again', reason: 'no-answer' };
    }
    this.#unanswered += 1;
    return { want: 'restart', reason };
  }

  /** @param {number} now */
  #needsKeyFrame(now) {
    const arriving = now - this.#lastVideoPacket < NO_PICTURE_MS;
    const still = now - Math.max(this.#lastFrame, this.#begun) >= NO_PICTURE_MS;
    if (!arriving || !still || now - this.#keyFrameAsked < this.#keyFramePause) return false;
    this.#keyFramePause = Math.min(KEY_FRAME_PAUSE_MOST_MS, this.#keyFramePause * 2);
    this.#keyFrameAsked = now;
    return true;
  }

  /** @param {number} now */
  #forgetConnection(now) {
    this.#begun = now;
    this.#packets = 0;
    this.#videoPackets = 0;
    this.#frames = 0;
    this.#lastPacket = Number.NEGATIVE_INFINITY;
    this.#lastFrame = Number.NEGATIVE_INFINITY;
    this.#lastVideoPacket = Number.NEGATIVE_INFINITY;
    this.#disconnected = null;
    this.#flowingSince = null;
    this.#keyFramePause = KEY_FRAME_PAUSE_MS;
  }
}
