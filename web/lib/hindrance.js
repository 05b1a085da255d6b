/**
 * What is in the way of a lesson that does not come: the relay servers, the network, or a slow computer of the teacher.
 */
import { Blockade } from './blockade.js';
import { RelayFaults } from './relay.js';

export class Hindrance {
  #relay = new RelayFaults();
  #blockade = new Blockade();

  /** The network is another one. */
  reset() {
    this.#blockade.reset();
  }

  /**
   * @param {import('./relay.js').RelayFault | null} fault what a connection found
   * @param {number} now milliseconds
   * @returns {boolean} whether that is news
   */
  noteRelay(fault, now) {
    return this.#relay.note(fault, now);
  }

  /** @param {import('./blockade.js').Seen} seen */
  observe(seen) {
    this.#blockade.observe(seen);
  }

  /** Whether it has to be known now how fast the teacher's computer answers. */
  get asks() {
    return this.#blockade.asks;
  }

  /** @param {number} milliseconds that an answer took */
  answered(milliseconds) {
    this.#blockade.answered(milliseconds);
  }

  /**
   * @param {RTCPeerConnectionState | null} state of the connection
   * @param {number} now milliseconds
   * @returns {string | null} the word for a sentence; null while the lesson may come any moment
   */
  why(state, now) {
    const relay = state === 'connected' ? null : this.#relay.why(now);
    // A network that blocks everything hides the relay as well; what else is wrong with a relay, others have to mend.
    return relay === null || relay === 'relay-unreachable' ? (this.#blockade.cause ?? relay) : relay;
  }
}
