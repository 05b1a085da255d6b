/**
 * The state of the lesson as the broadcaster tells it. The page is drawn from this and nothing else.
 *
 * Sections and their members are those of the control protocol. Times are seconds, gains and levels decibels,
 * loss is a share from 0 to 1.
 *
 * @typedef {object} Scene
 * @property {string} layout `full`, `picture-in-picture`, `side-by-side`, `grid` or `custom`
 * @property {string[]} show sources, the one at the back first
 * @property {string} [corner] of the small picture, such as `bottom-right`
 * @property {number} [size] width of the small picture as a share of the program's
 * @property {[number, number, number, number][]} [areas] of each source in the layout `custom`: x, y, width, height as shares
 *
 * @typedef {object} Source
 * @property {string} kind
 * @property {string} state `live`, `starting`, `lost` or `failed`
 * @property {string | null} why
 * @property {import('./reasons.js').Reason | null} [reason] what `why` is made of
 * @property {[number, number] | null} size
 * @property {number | null} fps
 * @property {number | null} [page] of slides, from 1
 * @property {number | null} [pages] of slides
 *
 * @typedef {{kind: string, from: string, duration: number}} Transition in progress; seconds
 *
 * @typedef {object} AudioInput
 * @property {string} [kind] `microphone`, `computer`, `tone` or `source`
 * @property {string | null} [source] the source whose sound it is
 * @property {number} gain
 * @property {boolean} muted
 * @property {number} [delay] milliseconds by which it is heard later
 * @property {number} [duck] decibels by which it gives way to voices
 * @property {string} [heard] `always`, or `on-air`: while its source is
 * @property {string} state of what it comes from
 * @property {string | null} [why] it is muted without the teacher having said so
 * @property {import('./reasons.js').Reason | null} [reason]
 *
 * @typedef {object} Student
 * @property {string} name
 * @property {string} joined ISO 8601
 * @property {string} state `waiting`, `watching`, `on-air` or `gone`
 * @property {boolean} [blocked] whether its network lets no picture through
 * @property {boolean} [admitted] whether it may watch; one that may not waits for the teacher
 * @property {number | null} round_trip seconds
 * @property {number | null} loss
 *
 * @typedef {object} Cue
 * @property {string} title
 * @property {string | null} scene
 * @property {{source: string, page: number} | null} slide
 * @property {string | null} at ISO 8601
 * @property {string} state `done`, `passed`, `next` or `coming`
 *
 * @typedef {object} Cues
 * @property {string} mode `automatic`, or `held` since the teacher put something on air
 * @property {number | null} next place in the list, from 0
 * @property {number | null} left seconds until the next one comes, when it was told
 * @property {number} due how many wait for the teacher
 * @property {Cue[]} list
 *
 * @typedef {{code: string, sentence: string, reason?: import('./reasons.js').Reason | null, method: string | null, params?: Record<string, unknown>, source?: string}} Alarm
 *
 * @typedef {object} LessonState
 * @property {{title: string, language: string, started: string | null, elapsed: number | null, addresses?: string[], secure_addresses?: string[], fingerprint?: string | null}} [lesson]
 * @property {{scene: string | null, since: string | number | null, transition?: Transition | null}} [program]
 * @property {string | null} [preview] the scene that comes on air next
 * @property {Record<string, Scene>} [scenes]
 * @property {Cues} [cues] the run of show
 * @property {Record<string, Source>} [sources]
 * @property {Record<string, AudioInput>} [audio]
 * @property {Record<string, Student>} [students]
 * @property {Alarm[]} [alarms]
 */
export class Model {
  /** @type {LessonState} */
  #state = {};
  #revision = -1;
  /** When the lesson began, in milliseconds of `performance.now()`. */
  #begun = /** @type {number | null} */ (null);

  get revision() {
    return this.#revision;
  }

  get known() {
    return this.#revision >= 0;
  }

  /** @returns {Readonly<LessonState>} */
  get state() {
    return this.#state;
  }

  /**
   * The reply to hello: the whole state. The revision may be lower than before, as the broadcaster may have restarted.
   *
   * @param {{revision: number, state: LessonState}} result
   */
  begin({ revision, state }) {
    this.#state = state;
    this.#revision = revision;
    this.#setClock();
  }

  /**
   * A `state` notification: the sections that changed, each whole.
   *
   * @param {{revision: number} & LessonState} change
   * @returns {boolean} whether it was news
   */
  change({ revision, ...sections }) {
    if (revision <= this.#revision) return false;
    this.#revision = revision;
    this.#state = { ...this.#state, ...sections };
    if (sections.lesson) this.#setClock();
    return true;
  }

  /** @returns {number | null} seconds since the lesson began */
  get elapsed() {
    return this.#begun === null ? null : (performance.now() - this.#begun) / 1000;
  }

  #setClock() {
    const elapsed = this.#state.lesson?.elapsed;
    this.#begun = typeof elapsed === 'number' ? performance.now() - elapsed * 1000 : null;
  }
}
