/**
 * The clock of the broadcaster, by asking it for the time: a request of which the browser says when it left and when the
 * answer began to come. The true moment of the answer lies between the two.
 */

/** A computer's clock gains or loses at most this much against another one. */
const DRIFT = 50e-6;
/** So many answers are kept. */
const KEPT = 8;
/** At the beginning one is asked for this often, and then from time to time. */
const FIRST_MS = 250;
const LATER_MS = 30000;
/** After this many failures in a row nobody tells the time here. */
const IN_VAIN = 5;
/** For an answer to be noted among the timings of the page. */
const NOTED_MS = 50;
/** The timings of a page are few, and other parts of the page may want theirs. */
const MANY_TIMINGS = 200;

/**
 * @typedef {object} Answer
 * @property {number} at milliseconds of `performance.now()`
 * @property {number} offset seconds of the broadcaster's clock at the zero of `performance.now()`
 * @property {number} unsure seconds by which that may be wrong
 */

export class RemoteClock {
  #url;
  /** @type {Answer[]} */
  #answers = [];
  #asked = 0;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #running = false;

  /** @param {string} url where the time is told, with its origin */
  constructor(url) {
    this.#url = url;
  }

  /** Begins to ask; where it asks already nothing changes. */
  start() {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    // A class that comes in the same moment does not ask in the same moment.
    this.#timer = setTimeout(() => void this.#ask(), FIRST_MS * Math.random());
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /**
   * @param {number} now milliseconds of `performance.now()`
   * @returns {{seconds: number, unsure: number} | null} the broadcaster's time then; null before it is known
   */
  time(now) {
    const best = bestAnswer(this.#answers, now);
    return best && { seconds: best.offset + now / 1000, unsure: unsureAt(best, now) };
  }

  async #ask() {
    const answer = await ask(`${this.#url}?${this.#asked}`).catch(() => null);
    if (!this.#running) return;
    this.#asked += 1;
    this.#failures = answer ? 0 : this.#failures + 1;
    if (answer) this.#answers = kept(this.#answers, answer);
    if (this.#failures >= IN_VAIN) return this.stop();
    this.#timer = setTimeout(() => void this.#ask(), this.#asked < KEPT ? FIRST_MS : LATER_MS);
  }
}

/**
 * @param {readonly Answer[]} answers
 * @param {Answer} answer
 * @returns {Answer[]} the newest ones; without those that contradict the last, as after the computer has slept
 */
function kept(answers, answer) {
  const agrees = (/** @type {Answer} */ each) =>
    Math.abs(each.offset - answer.offset) <= unsureAt(each, answer.at) + answer.unsure;
  return [...answers.filter(agrees), answer].slice(-KEPT);
}

/**
 * @param {readonly Answer[]} answers
 * @param {number} now
 * @returns {Answer | null}
 */
function bestAnswer(answers, now) {
  return answers.reduce(
    (best, each) => (best === null || unsureAt(each, now) <= unsureAt(best, now) ? each : best),
    /** @type {Answer | null} */ (null),
  );
}

/**
 * @param {Answer} answer
 * @param {number} now
 */
function unsureAt({ at, unsure }, now) {
  return unsure + (DRIFT * Math.abs(now - at)) / 1000;
}

/**
 * @param {string} url
 * @returns {Promise<Answer | null>} null where it is no time
 */
async function ask(url) {
  const before = performance.now();
  const response = await fetch(url, { cache: 'no-store' });
  const after = performance.now();
  const told = Number.parseFloat(await response.text());
  if (!response.ok || !Number.isFinite(told)) return null;
  await new Promise((resolve) => setTimeout(resolve, NOTED_MS));
  const timing = performance.getEntriesByName(url).pop();
  if (performance.getEntriesByType('resource').length > MANY_TIMINGS) performance.clearResourceTimings();
  const noted = timing instanceof PerformanceResourceTiming && timing.requestStart > 0 && timing.responseStart > 0;
  const [from, to] = noted ? [timing.requestStart, timing.responseStart] : [before, after];
  return { at: to, offset: told - (from + to) / 2000, unsure: (to - from) / 2000 };
}
