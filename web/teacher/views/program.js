/**
 * The program monitor: what the students see, over the same way as they receive it.
 */
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

/** @param {import('../page.js').Scope} scope */
export function programView({ t, state, monitor, listening, actions }) {
  const live = monitor.state === 'live' || monitor.state === 'sound-only';
  const note = monitor.blind ? 'picture-format' : live ? null : monitor.state;
  const scene = state.program?.scene;
  const transition = state.program?.transition;
  return html`
    <section class="program" aria-labelledby="program-heading">
      <div class="section-head">
        <h2 id="program-heading">${t('program.heading')}</h2>
        <p class="badge air"><span class="shape dot" aria-hidden="true"></span>${t('program.on_air', { scene: scene ?? '–' })}</p>
      </div>
      <div class="monitor" data-monitor=${monitor.state}>
        <canvas data-program width="320" height="180" aria-hidden="true"></canvas>
        <video
          id="monitor"
          playsinline
          autoplay
          .muted=${!listening}
          .srcObject=${monitor.stream}
          ?hidden=${!live || monitor.blind}
          aria-label=${t('program.picture')}
        ></video>
        ${transition ? html`<p class="transition"><span id="transition-bar"></span>${t('program.fading', { scene: transition.from })}</p>` : nothing}
        ${note === null ? nothing : html`<p class="monitor-note">${t(`monitor.${note}`)}</p>`}
      </div>
      <div class="monitor-bar">
        <div class="meter-row">
          <span class="meter-name">${t('program.level')}</span>
          <div class="meter" data-meter="program" aria-hidden="true"><span class="bar"></span><span class="peak"></span></div>
        </div>
        <button type="button" id="listen" class="small" aria-pressed=${listening} @click=${actions.toggleListen}>
          ${listening ? t('program.stop_listening') : t('program.listen')}
        </button>
      </div>
    </section>`;
}
