/**
 * The answering end of the WebRTC connection over which the lesson arrives.
 *
 * Every offer makes exactly one RTCPeerConnection and closes the one before it. A late step of a closed connection
 * is dropped, so offers may come at any speed.
 */
import { watchRelay } from './relay.js';
import { refusesPicture, withStereo } from './sdp.js';

/**
 * @typedef {object} ConnectionEvents
 * @property {(message: import('./protocol.d.ts').Answer | import('./protocol.d.ts').Candidate) => void} send an answer or a candidate for the other end
 * @property {(stream: MediaStream) => void} onStream
 * @property {(state: RTCPeerConnectionState) => void} onState
 * @property {(why: string) => void} onFault an offer, a candidate or servers that the browser does not take
 * @property {(fault: import('./relay.js').RelayFault | null) => void} onRelay whether a relay server can be used
 */

/**
 * @typedef {object} Stamp
 * @property {number} ssrc of the stream
 * @property {number} rtp its time stamp
 * @property {number} at when the browser handed it on to be played, in milliseconds of `performance.now()`
 */

export class Connection {
  #events;
  #relayOnly;
  /** @type {RTCIceServer[]} */
  #iceServers = [];
  /** @type {RTCPeerConnection | null} */
  #peer = null;
  #blind = false;

  /**
   * @param {ConnectionEvents} events
   * @param {boolean} relayOnly to use relay servers only, which shows whether they work
   */
  constructor(events, relayOnly) {
    this.#events = events;
    this.#relayOnly = relayOnly;
  }

  /** @param {RTCIceServer[]} servers for candidates that are gathered from now on */
  set iceServers(servers) {
    this.#iceServers = servers;
    try {
      this.#peer?.setConfiguration(this.#configuration(servers));
    } catch (error) {
      this.#events.onFault(String(error));
    }
  }

  /** @returns {RTCPeerConnectionState | null} */
  get state() {
    return this.#peer?.connectionState ?? null;
  }

  /** @returns {RTCIceConnectionState | null} */
  get ice() {
    return this.#peer?.iceConnectionState ?? null;
  }

  /** Whether this browser knows none of the codecs in which the picture was offered. */
  get blind() {
    return this.#blind;
  }

  /**
   * Answers an offer with a new connection.
   *
   * @param {string} sdp
   * @param {RTCIceCandidateInit[]} [candidates] that came with it
   */
  async takeOffer(sdp, candidates = []) {
    this.close();
    const peer = this.#newPeer();
    this.#peer = peer;
    const current = () => this.#peer === peer;
    watchRelay(peer, this.#iceServers, this.#relayOnly, (fault) => {
      if (current()) this.#events.onRelay(fault);
    });
    const stream = new MediaStream();
    peer.addEventListener('track', ({ track }) => {
      if (!current()) return;
      stream.addTrack(track);
      this.#events.onStream(stream);
    });
    peer.addEventListener('icecandidate', ({ candidate }) => {
      if (!current() || !candidate?.candidate) return;
      const { sdpMid, sdpMLineIndex } = candidate;
      this.#events.send({ candidate: candidate.candidate, sdpMid, sdpMLineIndex });
    });
    peer.addEventListener('connectionstatechange', () => {
      if (current()) this.#events.onState(peer.connectionState);
    });
    try {
      await peer.setRemoteDescription({ type: 'offer', sdp });
      for (const candidate of candidates) void this.takeCandidate(candidate);
      const answer = await peer.createAnswer();
      const stereo = withStereo(answer.sdp ?? '');
      // The answer is sent before it is set, because setting it starts the candidates, which must come after it.
      if (!current()) return;
      this.#blind = refusesPicture(stereo);
      this.#events.send({ type: 'answer', sdp: stereo });
      await peer.setLocalDescription({ type: 'answer', sdp: stereo });
    } catch (error) {
      if (current()) this.#events.onFault(String(error));
    }
  }

  #newPeer() {
    try {
      return new RTCPeerConnection(this.#configuration(this.#iceServers));
    } catch (error) {
      // An address that this browser cannot read must not cost the lesson: on the same network none is needed.
      this.#events.onFault(String(error));
      return new RTCPeerConnection(this.#configuration([]));
    }
  }

  /**
   * @param {RTCIceServer[]} iceServers
   * @returns {RTCConfiguration}
   */
  #configuration(iceServers) {
    return { iceServers, bundlePolicy: 'max-bundle', iceTransportPolicy: this.#relayOnly ? 'relay' : 'all' };
  }

  /** @param {RTCIceCandidateInit} candidate */
  async takeCandidate(candidate) {
    const peer = this.#peer;
    if (!peer) return;
    try {
      await peer.addIceCandidate(candidate);
    } catch (error) {
      if (this.#peer === peer) this.#events.onFault(String(error));
    }
  }

  /** @returns {Promise<RTCStatsReport | null>} */
  async statistics() {
    return (await this.#peer?.getStats()) ?? null;
  }

  /**
   * @param {'audio' | 'video'} kind
   * @returns {Stamp | null} the newest that was handed on to be played or shown
   */
  stamp(kind) {
    const receiver = this.#peer?.getReceivers().find(({ track }) => track.kind === kind);
    const [newest] = receiver?.getSynchronizationSources().sort((a, b) => b.timestamp - a.timestamp) ?? [];
    if (!newest) return null;
    // Some browsers count from 1970, as the standard says, and some from the beginning of the page.
    const { timestamp, rtpTimestamp, source } = newest;
    const at = timestamp > performance.timeOrigin / 2 ? timestamp - performance.timeOrigin : timestamp;
    return { ssrc: source, rtp: rtpTimestamp, at };
  }

  close() {
    this.#peer?.close();
    this.#peer = null;
    this.#blind = false;
  }
}
