/**
 * The run of show: the next cue, the time left, and the button that calls it. Nothing in a lesson without cues.
 */
import { clockTime } from '../../lib/i18n.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/**
 * @import {CueEntry, CuesSection} from '../../lib/protocol.d.ts'
 * @import {Feature, Frame, Scope} from '../feature.d.ts'
 */

class RunOfShow {
  #frame;
  /** @type {CuesSection | null} */
  #told = null;
  #toldAt = 0;

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  next() {
    void this.#frame.ask('cue.next', {});
  }

  /**
   * @param {CuesSection} cues as they were told; the time since then is taken off
   * @returns {number | null} seconds until the next cue comes by itself
   */
  left(cues) {
    if (cues !== this.#told) {
      this.#told = cues;
      this.#toldAt = performance.now();
    }
    return cues.left === null ? null : Math.max(0, cues.left - (performance.now() - this.#toldAt) / 1000);
  }
}

/**
 * @param {Scope} scope
 * @param {RunOfShow} rundown
 */
function runOfShowView({ t, state: { cues } }, rundown) {
  if (!cues || cues.list.length === 0) return nothing;
  const cue = cues.next === null ? undefined : cues.list[cues.next];
  return html`
    <section class="run-of-show" aria-labelledby="run-of-show-heading" data-mode=${cues.mode}>
      <h2 id="run-of-show-heading">${t('run_of_show.heading')}</h2>
      <p class="run-of-show-next">
        ${cue === undefined ? t('run_of_show.over') : html`<strong>${nameOf(t, cue)}</strong> <span data-left>${when(t, cues, rundown.left(cues))}</span>`}
      </p>
      ${cues.mode === 'held' ? html`<p class="quiet">${t('run_of_show.held')}</p>` : nothing}
      <button type="button" id="cue-next" class="small" aria-disabled=${cue === undefined} @click=${() => cue && rundown.next()}>
        ${t('run_of_show.go')}
      </button>
    </section>`;
}

/**
 * @param {Scope['t']} t
 * @param {CueEntry} cue
 */
function nameOf(t, { title, scene, slide }) {
  if (title) return title;
  const page = slide ? t('run_of_show.page', { source: slide.source, page: String(slide.page) }) : '';
  return [scene, page].filter(Boolean).join(', ');
}

/**
 * @param {Scope['t']} t
 * @param {CuesSection} cues
 * @param {number | null} left seconds
 */
function when(t, cues, left) {
  if (left === null) return t('run_of_show.waits');
  return cues.due > 0 || left === 0
    ? t('run_of_show.due')
    : t('run_of_show.left', { time: clockTime(Math.ceil(left)) });
}

/** @type {Feature<RunOfShow>} */
export const runOfShow = {
  controller: (frame) => new RunOfShow(frame),
  view: { main: runOfShowView },
  place: { main: 10 },
};
