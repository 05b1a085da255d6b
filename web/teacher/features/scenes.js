/**
 * The switcher: one button for each scene, whether a scene comes on air at once or is previewed first, by which
 * transition, and the preview.
 */
import { recall, remember } from '../../lib/storage.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { inOrder } from '../model.js';

/**
 * @import {SceneEntry} from '../../lib/protocol.d.ts'
 * @import {Controller, Feature, Frame, Key, Scope} from '../feature.d.ts'
 */

const LONGEST_SECONDS = 10;
/** A scene is marked as on its way when it takes longer than this. */
const SWITCHING_MS = 300;

/** @implements {Controller} */
class Switcher {
  #frame;
  /** Whether a scene goes to the preview before it goes on air. */
  previews = recall('preview') === 'on';
  /** `planned` leaves the transition to the lesson. @type {'planned' | 'cut' | 'fade'} */
  transition = 'planned';
  /** How long a fade takes; null leaves it to the lesson. @type {number | null} */
  seconds = null;
  /** The scene that was asked for and takes long to come. */
  switching = '';
  /** The transition whose bar moves already. */
  #moving = '';

  /** @type {Key[]} */
  keys = [
    { key: /^[1-9]$/, press: (key) => this.#pressNumber(Number(key)) },
    { key: /^t$/i, press: () => this.#pressTake() },
  ];

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  togglePreview() {
    this.previews = !this.previews;
    remember('preview', this.previews ? 'on' : 'off');
    this.#frame.draw();
  }

  /** @param {string} transition */
  choose(transition) {
    this.transition = transition === 'cut' || transition === 'fade' ? transition : 'planned';
    this.#frame.draw();
  }

  /** @param {number} seconds NaN where the field is empty */
  setSeconds(seconds) {
    this.seconds = Number.isNaN(seconds) ? null : Math.min(LONGEST_SECONDS, Math.max(0, seconds));
    this.#frame.draw();
  }

  /** @param {string} scene whose button or number key was pressed */
  press(scene) {
    const asked = this.previews
      ? this.#frame.ask('preview.set', { scene })
      : this.#frame.ask('program.switch', { scene, ...this.#params() });
    void this.#mark(scene, asked);
  }

  /**
   * @param {string} scene
   * @param {Promise<unknown>} asked
   */
  async #mark(scene, asked) {
    const timer = setTimeout(() => this.#markAs(scene), SWITCHING_MS);
    await asked;
    clearTimeout(timer);
    if (this.switching === scene) this.#markAs('');
  }

  /** @param {string} scene */
  #markAs(scene) {
    this.switching = scene;
    this.#frame.draw();
  }

  /** Puts the preview on air, and what was on air into the preview. */
  async take() {
    if (this.#frame.state().preview == null) return;
    await this.#frame.ask('program.take', this.#params());
  }

  /** Sets the bar of a transition in motion, once for each. Scripts have to ask whether motion is wanted. */
  drawn() {
    const { program } = this.#frame.state();
    const transition = program?.transition;
    const moving = transition ? `${program.scene} ${program.since}` : '';
    if (moving === this.#moving) return;
    this.#moving = moving;
    const bar = document.getElementById('transition-bar');
    if (!bar || !transition || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    for (const earlier of bar.getAnimations()) earlier.cancel();
    bar.animate([{ transform: 'scaleX(0)' }, { transform: 'scaleX(1)' }], {
      duration: transition.duration * 1000,
      fill: 'forwards',
    });
  }

  /** @returns {Record<string, unknown>} what a command says of the transition */
  #params() {
    if (this.transition === 'planned') return {};
    if (this.transition === 'cut' || this.seconds === null) return { transition: this.transition };
    return { transition: this.transition, duration: this.seconds };
  }

  /** @param {number} number of a scene in the order of the lesson file, from 1 */
  #pressNumber(number) {
    const state = this.#frame.state();
    const [scene] = inOrder(state, 'scenes', state.scenes)[number - 1] ?? [];
    if (scene !== undefined) this.press(scene);
    return scene !== undefined;
  }

  #pressTake() {
    if (this.previews) void this.take();
    return this.previews;
  }
}

/**
 * @param {Scope} scope
 * @param {Switcher} switcher
 */
function scenesView(scope, switcher) {
  return html`
    <section class="scenes" aria-labelledby="scenes-heading">
      ${settingsView(scope, switcher)}
      <div class="scene-grid">
        ${repeat(
          inOrder(scope.state, 'scenes', scope.state.scenes),
          ([name]) => name,
          ([name, scene], index) => sceneView(scope, switcher, name, scene, index),
        )}
      </div>
    </section>`;
}

/**
 * @param {Scope} scope
 * @param {Switcher} switcher
 */
function settingsView({ t, state, keys }, switcher) {
  const chosen = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLSelectElement) switcher.choose(target.value);
  };
  const timed = (/** @type {Event} */ { target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    switcher.setSeconds(target.valueAsNumber);
    target.value = String(switcher.seconds ?? '');
  };
  return html`
    <div class="studio">
      <h2 id="scenes-heading">${t('scenes.heading')}</h2>
      <label class="choice"
        ><input type="checkbox" id="prepare" .checked=${switcher.previews} @change=${() => switcher.togglePreview()} />${t('switcher.prepare')}</label
      >
      <label class="choice"
        >${t('switcher.transition')}
        <select id="transition" .value=${switcher.transition} @change=${chosen}>
          <option value="planned">${t('switcher.planned')}</option>
          <option value="cut">${t('switcher.cut')}</option>
          <option value="fade">${t('switcher.fade')}</option>
        </select></label
      >
      ${
        switcher.transition === 'fade'
          ? html`
            <label class="choice"
              >${t('switcher.seconds')}
              <input type="number" id="seconds" min="0" max=${LONGEST_SECONDS} step="0.1" inputmode="decimal" placeholder=${t('switcher.planned')} .value=${String(switcher.seconds ?? '')} @change=${timed}
            /></label>`
          : nothing
      }
      <label class="choice check"
        ><input type="checkbox" id="keys" .checked=${keys.on} @change=${() => keys.toggle()} />${switcher.previews ? t('scenes.keys_preview') : t('scenes.keys')}</label
      >
      ${
        switcher.previews
          ? html`
            <button type="button" id="take" class="take" ?disabled=${state.preview == null} aria-keyshortcuts=${keys.on ? 'T' : nothing} @click=${() => switcher.take()}>
              <span>${state.preview == null ? t('switcher.take') : t('switcher.take_named', { scene: state.preview })}</span>
              <kbd aria-hidden="true">T</kbd>
            </button>`
          : nothing
      }
    </div>`;
}

/**
 * The scene on air and the one in the preview are marked by word, shape and colour.
 *
 * @param {Scope} scope
 * @param {Switcher} switcher
 * @param {string} name
 * @param {SceneEntry} scene
 * @param {number} index
 */
function sceneView({ t, state, keys }, switcher, name, scene, index) {
  const onAir = state.program?.scene === name;
  const next = state.preview === name;
  const missing = scene.show.filter((source) => !['live', undefined].includes(state.sources?.[source]?.state));
  return html`
    <button
      type="button"
      class="scene"
      data-scene-button=${name}
      ?data-air=${onAir}
      ?data-next=${next}
      aria-pressed=${switcher.previews ? next : onAir}
      aria-keyshortcuts=${keys.on && index < 9 ? String(index + 1) : nothing}
      @click=${() => switcher.press(name)}
    >
      <span class="scene-picture"><canvas data-scene=${name} width="256" height="144" aria-hidden="true"></canvas>
        <span class="tags">
          ${onAir ? html`<span class="on-air"><span class="shape dot" aria-hidden="true"></span>${t('scenes.on_air')}</span>` : nothing}
          ${switcher.switching === name ? html`<span class="next"><span class="shape ring" aria-hidden="true"></span>${t('scenes.switching')}</span>` : nothing}
          ${next ? html`<span class="next"><span class="shape ring" aria-hidden="true"></span>${t('scenes.preview')}</span>` : nothing}
        </span>
      </span>
      <span class="scene-line">
        ${index < 9 ? html`<kbd aria-hidden="true">${index + 1}</kbd>` : nothing}
        <span class="scene-name">${name}</span>
      </span>
      ${
        missing.length > 0
          ? html`<span class="scene-missing"><span class="shape warn" aria-hidden="true"></span>${t('scenes.missing', { sources: missing.join(', ') })}</span>`
          : nothing
      }
    </button>`;
}

/**
 * What comes on air next, as far as the small pictures of the sources show it.
 *
 * @param {Scope} scope
 * @param {Switcher} switcher
 */
function previewView({ t, state }, { previews }) {
  if (!previews) return nothing;
  const scene = state.preview;
  return html`
    <section class="preview" aria-labelledby="preview-heading">
      <div class="section-head">
        <h2 id="preview-heading">${t('preview.heading')}</h2>
        ${scene == null ? nothing : html`<p class="badge next"><span class="shape ring" aria-hidden="true"></span>${t('preview.next', { scene })}</p>`}
      </div>
      <div class="monitor">
        ${scene == null ? html`<p class="monitor-note">${t('preview.none')}</p>` : html`<canvas data-scene=${scene} width="480" height="270" aria-hidden="true"></canvas>`}
      </div>
    </section>`;
}

/** @param {Scope} scope */
function newsView({ t, state: { preview } }) {
  return html`<p class="visually-hidden" role="status">${preview ? t('preview.next', { scene: preview }) : ''}</p>`;
}

/** @type {Feature<Switcher>} */
export const scenes = {
  controller: (frame) => new Switcher(frame),
  view: { screens: previewView, main: scenesView, news: newsView },
  place: { screens: 20, main: 20, news: 20 },
};
