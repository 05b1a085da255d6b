/**
 * This page as a source of the lesson: it sends over WebRTC, with the control connection as signaling.
 *
 * Sending continues automatically after the control connection or the network was lost, until `stop`, or until the
 * broadcaster says that another page sends.
 */
import { Backoff, Pause } from './backoff.js';
import { ControlError } from './control.js';
import { withStereo } from './sdp.js';

/** @typedef {'idle' | 'connecting' | 'sending' | 'stopped'} State */

const BIT_RATE = { camera: 2_500_000, screen: 4_000_000 };
/** A disconnected connection has this long to recover before a new one is made. */
const PATIENCE_MS = 4000;

export class Publisher {
  #source;
  #changed;
  /** @type {import('./control.js').Control | null} */
  #control = null;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {import('./capture.js').What} */
  #what = 'camera';
  /** @type {RTCPeerConnection | null} */
  #connection = null;
  /** The broadcaster's name for it @type {string | null} */
  #peer = null;
  /** @type {RTCSessionDescriptionInit | null} */
  #offer = null;
  /** @type {Promise<void>} */
  #described = Promise.resolve();
  #attempt = 0;
  #backoff = new Backoff({ first: 300 });
  #pause = new Pause();
  /** Ends a pause that is no longer needed. */
  #life = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;
  /** @type {State} */
  #state = 'idle';
  /** @type {string | null} */
  #why = null;

  /**
   * @param {string} source to be
   * @param {() => void} changed called when the state has changed
   */
  constructor(source, changed) {
    this.#source = source;
    this.#changed = changed;
  }

  get state() {
    return this.#state;
  }

  /** Why it stopped: a word of the control protocol, or null. */
  get why() {
    return this.#why;
  }

  /**
   * Sends a stream from now on, instead of the one before.
   *
   * @param {MediaStream} stream
   * @param {import('./capture.js').What} what
   */
  send(stream, what) {
    this.#stream = stream;
    this.#what = what;
    this.#backoff.reset();
    void this.#open();
  }

  /** @param {string | null} [why] what the page is to say about it */
  stop(why = null) {
    if (this.#stream === null) return;
    this.#stream = null;
    this.#drop();
    this.#show(why === null ? 'idle' : 'stopped', why);
  }

  /**
   * The control connection is open, for the first time or again.
   *
   * @param {import('./control.js').Control} control
   */
  begin(control) {
    this.#control = control;
    this.#backoff.reset();
    if (this.#stream !== null) void this.#open();
  }

  /** The control connection was lost, and with it what was begun over it. */
  lost() {
    this.#control = null;
    this.#peer = null;
    this.#drop();
    if (this.#stream !== null) this.#show('connecting', null);
  }

  /**
   * Takes a notification `peer`.
   *
   * @param {import('./control.js').PeerNews} said
   */
  take(said) {
    if (said.peer !== this.#peer || this.#peer === null) return;
    switch (said.type) {
      case 'welcome':
        this.#described = this.#describe(said.ice_servers);
        break;
      case 'answer':
        void this.#answered(said.sdp);
        break;
      case 'closed':
        this.#peer = null;
        if (said.why === 'replaced' || said.why === 'removed') this.stop(said.why);
        else void this.#again();
        break;
      default: // Of a newer broadcaster.
    }
  }

  async #open() {
    this.#drop();
    const control = this.#control;
    const stream = this.#stream;
    this.#show('connecting', null);
    if (control === null || stream === null) return;
    const attempt = this.#attempt;
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.#connection = connection;
    this.#follow(connection);
    for (const track of stream.getTracks()) {
      const sendEncodings = track.kind === 'video' ? [{ maxBitrate: BIT_RATE[this.#what] }] : [];
      connection.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings });
    }
    try {
      const offer = await connection.createOffer();
      if (attempt !== this.#attempt) return;
      this.#offer = offer;
      const { peer } = await control.request('peer.offer', { role: 'publish', source: this.#source, sdp: offer.sdp });
      if (attempt === this.#attempt) this.#peer = peer;
      else void tell(control, 'peer.close', { peer });
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      if (attempt === this.#attempt && this.#control !== null) void this.#again();
    }
  }

  /**
   * Gathers candidates only now, because the ICE servers are known only now.
   *
   * @param {RTCIceServer[]} iceServers
   */
  async #describe(iceServers) {
    const connection = this.#connection;
    if (connection === null || this.#offer === null) return;
    await this.#orAgain(connection, async () => {
      try {
        connection.setConfiguration({ bundlePolicy: 'max-bundle', iceServers });
      } catch (error) {
        // An address that this browser cannot read: on the same network none is needed.
        if (!(error instanceof DOMException)) throw error;
      }
      await connection.setLocalDescription(/** @type {RTCLocalSessionDescriptionInit} */ (this.#offer));
    });
  }

  /** @param {string} sdp */
  async #answered(sdp) {
    const connection = this.#connection;
    await this.#described;
    if (connection === null || connection !== this.#connection) return;
    await this.#orAgain(connection, () => connection.setRemoteDescription({ type: 'answer', sdp: withStereo(sdp) }));
  }

  /**
   * @param {RTCPeerConnection} connection
   * @param {() => Promise<void>} step
   */
  async #orAgain(connection, step) {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      if (connection === this.#connection) void this.#again();
    }
  }

  /** @param {RTCPeerConnection} connection */
  #follow(connection) {
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (connection !== this.#connection || !candidate?.candidate || this.#peer === null) return;
      const { sdpMid, sdpMLineIndex } = candidate;
      void this.#tell('peer.candidate', { peer: this.#peer, candidate: candidate.candidate, sdpMid, sdpMLineIndex });
    });
    connection.addEventListener('connectionstatechange', () => {
      if (connection !== this.#connection) return;
      clearTimeout(this.#patience);
      switch (connection.connectionState) {
        case 'connected':
          this.#backoff.reset();
          this.#show('sending', null);
          break;
        case 'disconnected':
          this.#patience = setTimeout(() => void this.#again(), PATIENCE_MS);
          break;
        case 'failed':
          void this.#again();
          break;
        default:
      }
    });
  }

  async #again() {
    this.#drop();
    this.#show('connecting', null);
    const attempt = this.#attempt;
    await this.#pause.sleep(this.#backoff.next(), this.#life.signal);
    if (attempt === this.#attempt && this.#stream !== null) await this.#open();
  }

  #drop() {
    this.#attempt += 1;
    clearTimeout(this.#patience);
    this.#life.abort();
    this.#life = new AbortController();
    this.#connection?.close();
    this.#connection = null;
    this.#offer = null;
    if (this.#peer !== null) void this.#tell('peer.close', { peer: this.#peer });
    this.#peer = null;
  }

  /**
   * @param {State} state
   * @param {string | null} why
   */
  #show(state, why) {
    if (state === this.#state && why === this.#why) return;
    this.#state = state;
    this.#why = why;
    this.#changed();
  }

  /**
   * @param {import('./control.js').Method} method
   * @param {Record<string, unknown>} params
   */
  async #tell(method, params) {
    if (this.#control) await tell(this.#control, method, params);
  }
}

/**
 * Asks for something whose failure shows elsewhere.
 *
 * @param {import('./control.js').Control} control
 * @param {import('./control.js').Method} method
 * @param {Record<string, unknown>} params
 */
async function tell(control, method, params) {
  try {
    await control.request(method, params);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
  }
}
