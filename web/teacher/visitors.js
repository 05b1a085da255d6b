/**
 * What the teacher decides about students: who of those that wait comes in, and who has to go.
 */

/** @typedef {import('./model.js').Student} Student */
/** @typedef {[id: string, student: Student]} Entry */

/** Who is asked about in the dialog; a copy, because the student may leave meanwhile. */
/** @typedef {{id: string, name: string, waits: boolean, gone: boolean}} Asked */

/**
 * @param {Record<string, Student>} students
 * @returns {Entry[]} those whom the teacher has to let in first, the first to come first
 */
export function waiting(students) {
  return Object.entries(students)
    .filter(([, student]) => waits(student))
    .sort(([, a], [, b]) => String(a.joined).localeCompare(String(b.joined)));
}

/** @param {Student} student */
export function waits(student) {
  return student.admitted === false && student.state === 'waiting';
}

export class Visitors {
  #ask;
  #changed;
  /** @type {Asked | null} */
  #asked = null;

  /**
   * @param {(method: string, params: Record<string, unknown>) => Promise<number | null>} ask gives a command; null when
   *   it failed
   * @param {() => void} changed
   */
  constructor(ask, changed) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Who is asked about in the dialog. */
  get asked() {
    return this.#asked;
  }

  /** @param {string} id */
  admit(id) {
    void this.#ask('student.admit', { id });
  }

  /** @param {Entry[]} entries one after the other; a failure, as when all places are taken, ends it */
  async admitAll(entries) {
    for (const [id] of entries) {
      if ((await this.#ask('student.admit', { id })) === null) return;
    }
  }

  /**
   * Opens the question about a student.
   *
   * @param {string} id
   * @param {Student} student
   */
  askAbout(id, student) {
    this.#asked = { id, name: student.name, waits: waits(student), gone: student.state === 'gone' };
    this.#changed();
    dialog()?.showModal();
  }

  /** @param {boolean} ban whether for the rest of the lesson */
  remove(ban) {
    dialog()?.close();
    if (this.#asked) void this.#ask('student.remove', { id: this.#asked.id, ban });
  }
}

function dialog() {
  const found = document.getElementById('remove-dialog');
  return found instanceof HTMLDialogElement ? found : null;
}
