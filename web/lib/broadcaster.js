/**
 * Which member of the signaling server is the broadcaster.
 *
 * Where everybody sees only the broadcaster, the one other member is it. Where everybody sees everybody, the first
 * member that makes an offer is it, and stays it until it leaves; messages of all others are ignored.
 */
export class BroadcasterChoice {
  /** @type {number | null} */
  #id = null;
  #offered = false;

  /** The broadcaster's id, or null while there is none. */
  get id() {
    return this.#id;
  }

  /** @param {import('./members.js').Member[]} others the members at our sign-in */
  signedIn(others) {
    const [only] = others;
    this.#id = others.length === 1 && only ? only.id : null;
    this.#offered = false;
  }

  /**
   * @param {import('./members.js').Member} member
   * @returns {boolean} whether this was the broadcaster, who is gone now
   */
  left(member) {
    if (member.id !== this.#id) return false;
    this.#id = null;
    this.#offered = false;
    return true;
  }

  /**
   * @param {number} from who made an offer
   * @returns {boolean} whether the offer is the broadcaster's
   */
  offered(from) {
    if (this.#id !== from && this.#offered) return false;
    this.#id = from;
    this.#offered = true;
    return true;
  }
}
