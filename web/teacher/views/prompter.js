/**
 * The prompter: the next cue, the time left, and the button that goes on. Nothing in a lesson without cues.
 */
import { clockTime } from '../../lib/i18n.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/** @param {import('../page.js').Scope} scope */
export function prompterView({ t, state, prompter }) {
  const cues = state.cues;
  if (!cues || cues.list.length === 0) return nothing;
  const cue = cues.next === null ? undefined : cues.list[cues.next];
  return html`
    <section class="prompter" aria-labelledby="prompter-heading" data-mode=${cues.mode}>
      <h2 id="prompter-heading">${t('prompter.heading')}</h2>
      <p class="prompter-next">
        ${cue === undefined ? t('prompter.over') : html`<strong>${named(t, cue)}</strong> <span data-left>${when(t, cues, prompter)}</span>`}
      </p>
      ${cues.mode === 'held' ? html`<p class="quiet">${t('prompter.held')}</p>` : nothing}
      <button type="button" id="cue-next" class="small" aria-disabled=${cue === undefined} @click=${() => cue && prompter.next()}>
        ${t('prompter.go')}
      </button>
    </section>`;
}

/**
 * @param {(key: string, params?: Record<string, string>) => string} t
 * @param {import('../prompter.js').Cue} cue
 */
function named(t, { title, scene, slide }) {
  if (title) return title;
  const page = slide ? t('prompter.page', { source: slide.source, page: String(slide.page) }) : '';
  return [scene, page].filter(Boolean).join(', ');
}

/**
 * @param {(key: string, params?: Record<string, string>) => string} t
 * @param {import('../prompter.js').Cues} cues
 * @param {import('../prompter.js').Prompter} prompter
 */
function when(t, cues, prompter) {
  const left = prompter.left(cues);
  if (left === null) return t('prompter.waits');
  return cues.due > 0 || left === 0 ? t('prompter.due') : t('prompter.left', { time: clockTime(Math.ceil(left)) });
}
