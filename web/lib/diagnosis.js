/**
 * Why a lesson does not come: the relay servers, the network, or a slow computer of the teacher.
 */
import { BlockedNetwork } from './blocked_network.js';
import { RelayFaults } from './relay.js';

export class Diagnosis {
  #relay = new RelayFaults();
  #network = new BlockedNetwork();

  /** The network is another one. */
  reset() {
    this.#network.reset();
  }

  /**
   * @param {import('./relay.js').RelayFault | null} fault what a connection found
   * @param {number} now milliseconds
   * @returns {boolean} whether that is news
   */
  noteRelay(fault, now) {
    return this.#relay.note(fault, now);
  }

  /** @param {import('./blocked_network.js').Seen} seen */
  observe(seen) {
    this.#network.observe(seen);
  }

  /** Whether it has to be known now how fast the teacher's computer answers. */
  get asks() {
    return this.#network.asks;
  }

  /** @param {number} milliseconds that an answer took */
  answered(milliseconds) {
    this.#network.answered(milliseconds);
  }

  /**
   * @param {RTCPeerConnectionState | null} state of the connection
   * @param {number} now milliseconds
   * @returns {string | null} the word for a sentence; null while the lesson may come any moment
   */
  why(state, now) {
    const relay = state === 'connected' ? null : this.#relay.why(now);
    // A network that blocks everything hides the relay as well; any other fault of a relay is for the teacher to fix.
    return relay === null || relay === 'relay-unreachable' ? (this.#network.cause ?? relay) : relay;
  }
}
