/**
 * The answering end of the WebRTC connection over which the lesson arrives.
 *
 * Every offer makes exactly one RTCPeerConnection and closes the one before it. A late step of a closed connection
 * is dropped, so offers may come as fast as they like.
 */
import { withStereo } from './sdp.js';

/**
 * @typedef {object} ConnectionEvents
 * @property {(message: object) => void} send an answer or a candidate for the other end
 * @property {(stream: MediaStream) => void} onStream
 * @property {(state: RTCPeerConnectionState) => void} onState
 * @property {(why: string) => void} onFault an offer or a candidate that the browser does not take
 */

export class Connection {
  #events;
  /** @type {RTCIceServer[]} */
  #iceServers = [];
  /** @type {RTCPeerConnection | null} */
  #peer = null;

  /** @param {ConnectionEvents} events */
  constructor(events) {
    this.#events = events;
  }

  /** @param {RTCIceServer[]} servers for the connections from the next offer on */
  set iceServers(servers) {
    this.#iceServers = servers;
  }

  /** @returns {RTCPeerConnectionState | null} */
  get state() {
    return this.#peer?.connectionState ?? null;
  }

  /**
   * Answers an offer with a new connection.
   *
   * @param {string} sdp
   */
  async takeOffer(sdp) {
    this.close();
    const peer = new RTCPeerConnection({ iceServers: this.#iceServers, bundlePolicy: 'max-bundle' });
    this.#peer = peer;
    const current = () => this.#peer === peer;
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
      const answer = await peer.createAnswer();
      const stereo = withStereo(answer.sdp ?? '');
      // The answer is sent before it is set, because setting it starts the candidates, which must come after it.
      if (!current()) return;
      this.#events.send({ type: 'answer', sdp: stereo });
      await peer.setLocalDescription({ type: 'answer', sdp: stereo });
    } catch (error) {
      if (current()) this.#events.onFault(String(error));
    }
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

  close() {
    this.#peer?.close();
    this.#peer = null;
  }
}
