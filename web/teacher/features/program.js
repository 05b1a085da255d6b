/**
 * The program monitor: what the students see, received as they receive it, with the control connection as signaling.
 */
import { EventLog } from '../../lib/event_log.js';
import { Receiver } from '../../lib/receiver.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { ControlSignaling } from '../control_signaling.js';

/**
 * @import {Control, PeerNews} from '../../lib/control.js'
 * @import {State} from '../../lib/receiver.js'
 * @import {Controller, Feature, Frame, Scope} from '../feature.d.ts'
 */

/** @implements {Controller} */
class ProgramMonitor {
  #frame;
  /** @type {Receiver | null} */
  #receiver = null;
  /** @type {ControlSignaling | null} */
  #signaling = null;
  /** @type {State} */
  state = 'joining';
  /** Whether this browser cannot show the picture in the format that students receive. */
  blind = false;
  /** @type {MediaStream | null} */
  stream = null;
  /** Whether the teacher hears the program. */
  listening = false;

  news = { peer: (/** @type {PeerNews} */ params) => this.#signaling?.take(params) };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {Control} control */
  begin(control) {
    if (this.#signaling) {
      this.#signaling.start();
      return;
    }
    this.#receiver = new Receiver({
      signaling: (events) => {
        this.#signaling = new ControlSignaling(control, events);
        return this.#signaling;
      },
      hello: {},
      eventLog: new EventLog(),
      events: {
        onState: (state, why) => this.#changed(state, why),
        onStream: (stream) => {
          this.stream = stream;
          this.#frame.draw();
        },
        onGreeted: () => {},
        onMessage: () => false,
        onFigures: () => {},
      },
    });
    this.#receiver.start();
  }

  lost() {
    this.#signaling?.lost();
  }

  hurry() {
    this.#receiver?.hurry();
  }

  stop() {
    this.#receiver?.stop();
    this.#receiver = null;
    this.#signaling = null;
  }

  toggleListen() {
    this.listening = !this.listening;
    this.#frame.draw();
  }

  /**
   * @param {State} state
   * @param {string | null} why
   */
  #changed(state, why) {
    this.state = state;
    this.blind = why === 'picture-format';
    if (state === 'ended') this.#frame.end();
    this.#frame.draw();
  }
}

/**
 * @param {Scope} scope
 * @param {ProgramMonitor} monitor
 */
function programView(scope, monitor) {
  const { t, state } = scope;
  const replaced = standIns(scope);
  const { listening, blind } = monitor;
  const live = monitor.state === 'live' || monitor.state === 'sound-only';
  const note = blind ? 'picture-format' : live ? null : monitor.state;
  const transition = state.program?.transition;
  return html`
    <section class="program" aria-labelledby="program-heading">
      <div class="section-head">
        <h2 id="program-heading">${t('program.heading')}</h2>
        <p class="badge air"><span class="shape dot" aria-hidden="true"></span>${t('program.on_air', { scene: state.program?.scene ?? '–' })}</p>
      </div>
      ${replaced ? html`<p class="stand-ins" id="stand-ins">${replaced}</p>` : nothing}
      <div class="monitor" data-monitor=${monitor.state}>
        <canvas data-program width="320" height="180" aria-hidden="true"></canvas>
        <video
          id="monitor"
          playsinline
          autoplay
          .muted=${!listening}
          .srcObject=${monitor.stream}
          ?hidden=${!live || blind}
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
        <button type="button" id="listen" class="small" aria-pressed=${listening} @click=${() => monitor.toggleListen()}>
          ${listening ? t('program.stop_listening') : t('program.listen')}
        </button>
      </div>
    </section>`;
}

/**
 * @param {Scope} scope
 * @returns {string} which sources on air are missing and what replaces them; empty where none is
 */
function standIns({ t, state }) {
  return Object.entries(state.stand_ins ?? {})
    .map(([source, standIn]) =>
      standIn === null ? t('program.stand_in_card', { source }) : t('program.stand_in', { source, stand_in: standIn }),
    )
    .join(' ');
}

/** @param {Scope} scope */
function newsView(scope) {
  const { t, state } = scope;
  const name = state.program?.scene;
  return html`<p class="visually-hidden" role="status">
    ${name ? t('program.on_air', { scene: name }) : ''} ${standIns(scope)}
  </p>`;
}

/** @type {Feature<ProgramMonitor>} */
export const program = {
  controller: (frame) => new ProgramMonitor(frame),
  view: { screens: programView, news: newsView },
  place: { screens: 10, news: 10 },
};
