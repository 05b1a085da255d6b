/**
 * Holds an offer until the broadcaster's welcome has told which STUN and TURN servers to use, but not for long:
 * a broadcaster that is not ours never says welcome.
 */

const PATIENCE_MS = 1500;

/** Candidates that are kept for an offer that is held; a broadcaster of ours sends them within its offer. */
const MOST_CANDIDATES = 64;

export class OfferHold {
  #take;
  #open = false;
  /** @type {{sdp: string, candidates: RTCIceCandidateInit[]} | null} */
  #held = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(sdp: string, candidates: RTCIceCandidateInit[]) => void} take what to do with an offer in the end */
  constructor(take) {
    this.#take = take;
  }

  /** From now on offers wait for a welcome. */
  hold() {
    this.drop();
    this.#open = false;
  }

  /** The welcome is here: what was held is taken, and later offers at once. */
  release() {
    const held = this.#held;
    this.drop();
    this.#open = true;
    if (held) this.#take(held.sdp, held.candidates);
  }

  /** Forgets what is held. */
  drop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = null;
  }

  /** @param {string} sdp a newer offer takes the place of an older one */
  offer(sdp) {
    this.#held = { sdp, candidates: [] };
    if (this.#open) this.release();
    else this.#timer ??= setTimeout(() => this.release(), PATIENCE_MS);
  }

  /**
   * @param {RTCIceCandidateInit} candidate
   * @returns {boolean} whether it is held, because it belongs to an offer that is
   */
  candidate(candidate) {
    if (!this.#held) return false;
    if (this.#held.candidates.length < MOST_CANDIDATES) this.#held.candidates.push(candidate);
    return true;
  }
}
