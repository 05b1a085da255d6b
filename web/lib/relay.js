/**
 * Finds out whether a connection gets a candidate from a relay (TURN) server, and if not, why.
 *
 * @typedef {number | 'missing'} RelayFault the server's error code (RFC 8656, section 18), `UNREACHABLE`, or that no
 *   relay server is set up although the page was told to use nothing else
 */

/** No server answered; the code that browsers give for it. */
const UNREACHABLE = 701;

/** Faults of relay servers are shown when there is no connection without them after this long. */
const NEEDED_MS = 3000;

/**
 * @param {RTCPeerConnection} peer before it gathers
 * @param {RTCIceServer[]} servers
 * @param {boolean} relayOnly
 * @param {(fault: RelayFault | null) => void} report called when all candidates are gathered; null when all is well
 */
export function watchRelay(peer, servers, relayOnly, report) {
  const configured = servers.some(({ urls }) => [urls].flat().some(isTurn));
  if (!configured && !relayOnly) return;
  let relayed = false;
  let code = UNREACHABLE;
  peer.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate?.candidate.includes(' typ relay')) relayed = true;
  });
  peer.addEventListener('icecandidateerror', ({ url, errorCode }) => {
    // An error of the server says more than that it cannot be reached on one of several paths.
    if (isTurn(url) && errorCode < UNREACHABLE) code = errorCode;
  });
  peer.addEventListener('icegatheringstatechange', () => {
    if (peer.iceGatheringState === 'complete') report(relayed ? null : configured ? code : 'missing');
  });
}

/** What is wrong with the relay servers, from one connection to the next. */
export class RelayFaults {
  /** @type {RelayFault | null} */
  #fault = null;
  #since = 0;

  /**
   * @param {RelayFault | null} fault what a connection found
   * @param {number} now in milliseconds
   * @returns {boolean} whether that is news
   */
  note(fault, now) {
    if (fault === this.#fault) return false;
    if (this.#fault === null) this.#since = now;
    this.#fault = fault;
    return true;
  }

  /**
   * @param {number} now in milliseconds
   * @returns {string | null} the word for a sentence about why there is no connection; null while one may come about
   */
  why(now) {
    if (this.#fault === null || now - this.#since < NEEDED_MS) return null;
    if (this.#fault === 'missing') return 'relay-missing';
    return this.#fault < UNREACHABLE ? 'relay-refused' : 'relay-unreachable';
  }
}

/** @param {string | null} url */
function isTurn(url) {
  return url !== null && /^turns?:/i.test(url);
}
