/**
 * Which member of the signaling server is the broadcaster.
 *
 * Where members see only the broadcaster, it is the one other member. Where members see one another, it is known by its
 * name; the last of that name counts, because a broadcaster that signed in again may be listed twice for a while.
 * Without a name, or while nobody has it, the first member that makes an offer is it, and stays it until it leaves.
 */
export class BroadcasterChoice {
  #name;
  /** @type {Set<number>} */
  #named = new Set();
  /** @type {number | null} */
  #id = null;
  #offered = false;

  /** @param {string | null} [name] of the broadcaster in a list of many */
  constructor(name = null) {
    this.#name = name;
  }

  /** The broadcaster's id, or null while there is none. */
  get id() {
    return this.#id;
  }

  /** @param {import('./members.js').Member[]} others the members at our sign-in */
  signedIn(others) {
    this.#named = new Set(others.filter(({ name }) => name === this.#name).map(({ id }) => id));
    const [only] = others;
    if (this.#name === null) this.#id = others.length === 1 && only ? only.id : null;
    else this.#id = [...this.#named].pop() ?? null;
    this.#offered = false;
  }

  /**
   * @param {import('./members.js').Member} member
   * @returns {boolean} whether this is the broadcaster, newly signed in
   */
  joined(member) {
    if (this.#name === null || member.name !== this.#name || member.id === this.#id) return false;
    this.#named.add(member.id);
    this.#id = member.id;
    this.#offered = false;
    return true;
  }

  /**
   * @param {import('./members.js').Member} member
   * @returns {boolean} whether this was the broadcaster, which is gone now
   */
  left(member) {
    this.#named.delete(member.id);
    if (member.id !== this.#id) return false;
    this.#id = null;
    this.#offered = false;
    return true;
  }

  /**
   * @param {number} from the member that made an offer
   * @returns {boolean} whether the offer is the broadcaster's
   */
  offered(from) {
    if (this.#named.size > 0 ? !this.#named.has(from) : this.#id !== from && this.#offered) return false;
    this.#id = from;
    this.#offered = true;
    return true;
  }
}
