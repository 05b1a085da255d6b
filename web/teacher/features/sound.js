/**
 * The sound inputs: meter, fader and mute button of each, and below them how it is heard.
 */
import { AUDIO_SETTINGS } from '../../lib/audio_settings.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { foldView } from '../fold.js';
import { inOrder } from '../model.js';
import { OptimisticValues } from '../optimistic.js';
import { SETTINGS, settingsView } from '../sound_settings.js';

/**
 * @import {AlarmEntry, InputEntry} from '../../lib/protocol.d.ts'
 * @import {Controller, Feature, Frame, Scope} from '../feature.d.ts'
 * @import {NumberSetting} from '../sound_settings.js'
 */

/** @implements {Controller} */
class Sound {
  #frame;
  /**
   * What is set here and on its way to the broadcaster.
   *
   * @type {Record<NumberSetting, OptimisticValues>}
   */
  values;

  remedies = {
    'audio.set': (/** @type {Scope} */ { t }, /** @type {AlarmEntry} */ { source, params }) =>
      source
        ? html`<button
            type="button"
            class="small"
            data-quieter=${source}
            @click=${() => this.values.gain.move(source, Number(params?.gain), true)}
          >
            ${t('alarms.quieter', { source })}
          </button>`
        : nothing,
  };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
    const values = (/** @type {NumberSetting} */ setting) =>
      new OptimisticValues((input, value) => frame.ask('audio.set', { input, [setting]: value }), frame.draw);
    this.values = /** @type {Record<NumberSetting, OptimisticValues>} */ (
      Object.fromEntries(SETTINGS.map((setting) => [setting, values(setting)]))
    );
  }

  /**
   * @param {string} input
   * @param {Partial<Pick<InputEntry, 'muted' | 'heard'>>} settings
   */
  set(input, settings) {
    void this.#frame.ask('audio.set', { input, ...settings });
  }

  /** @param {number} revision */
  drawing(revision) {
    for (const values of Object.values(this.values)) values.settle(revision);
  }

  /** Fields keep what a person did to them, so they are set to the state by hand, except while somebody uses them. */
  drawn() {
    const audio = this.#frame.state().audio ?? {};
    for (const slider of elements('input[data-fader]', HTMLInputElement)) {
      const name = slider.dataset.fader ?? '';
      const gain = audio[name]?.gain;
      if (gain !== undefined && this.values.gain.value(name) === null) slider.valueAsNumber = gain;
    }
    for (const field of elements('input[data-setting]', HTMLInputElement)) {
      if (field.dataset.typing !== undefined) continue;
      const setting = /** @type {NumberSetting} */ (field.dataset.setting);
      const name = field.dataset.input ?? '';
      const value = this.values[setting].value(name) ?? audio[name]?.[setting] ?? 0;
      if (field.valueAsNumber !== value) field.valueAsNumber = value;
    }
    for (const select of elements('select[data-heard]', HTMLSelectElement)) {
      const heard = audio[select.dataset.heard ?? '']?.heard;
      if (heard !== undefined && select.value !== heard) select.value = heard;
    }
  }
}

/**
 * @template {Element} Type
 * @param {string} selector
 * @param {new () => Type} type
 * @returns {Type[]}
 */
function elements(selector, type) {
  return [...document.querySelectorAll(selector)].flatMap((each) => (each instanceof type ? [each] : []));
}

/**
 * @param {Scope} scope
 * @param {Sound} sound
 */
function soundView(scope, sound) {
  const { t, state } = scope;
  const inputs = inOrder(state, 'audio', state.audio);
  return foldView(
    scope,
    'audio',
    t('audio.heading'),
    html`
      ${inputs.length === 0 ? html`<p class="quiet">${t('audio.none')}</p>` : nothing}
      ${repeat(
        inputs,
        ([name]) => name,
        ([name, input]) => inputView(scope, sound, name, input),
      )}`,
  );
}

/**
 * @param {Scope} scope
 * @param {Sound} sound
 * @param {string} name
 * @param {InputEntry} input
 */
function inputView(scope, sound, name, input) {
  const { t, say } = scope;
  const gain = sound.values.gain.value(name) ?? input.gain;
  const decibels = t('unit.db', { value: scope.signed(gain, 1) });
  const moved = (/** @type {Event} */ { target, type }) => {
    if (target instanceof HTMLInputElement) sound.values.gain.move(name, Number(target.value), type === 'change');
  };
  return html`
    <div class="strip" data-strip=${name} data-muted=${input.muted}>
      <div class="strip-head">
        <h3>${name}</h3>
        ${input.state === 'live' ? nothing : html`<span class="badge warn"><span class="shape warn" aria-hidden="true"></span>${t(`source_state.${input.state}`)}</span>`}
        ${input.muted ? html`<span class="badge warn muted"><span class="shape cross" aria-hidden="true"></span>${t('audio.muted')}</span>` : nothing}
        <span class="gain">${decibels}</span>
      </div>
      <div class="meter" data-meter=${name} aria-hidden="true"><span class="bar"></span><span class="peak"></span></div>
      <div class="strip-row">
        <input
          type="range"
          data-fader=${name}
          min=${AUDIO_SETTINGS.gain.lowest}
          max=${AUDIO_SETTINGS.gain.highest}
          step="0.5"
          aria-label=${t('audio.gain', { input: name })}
          aria-valuetext=${decibels}
          @input=${moved}
          @change=${moved}
          @keydown=${leavePageKeys}
          @pointerdown=${leaveWithPointer}
        />
        <button
          type="button"
          class="mute"
          data-mute=${name}
          aria-pressed=${input.muted}
          aria-label=${t('audio.mute_named', { input: name })}
          @click=${() => sound.set(name, { muted: !input.muted })}
        >
          ${t('audio.mute')}
        </button>
      </div>
      ${
        input.why
          ? html`
            <p class="quiet" data-why=${name}>${say({ sentence: input.why, reason: input.reason })}
              <button
                type="button"
                data-keep-muted=${name}
                aria-label=${t('audio.keep_muted_named', { input: name })}
                @click=${() => sound.set(name, { muted: true })}
              >
                ${t('audio.keep_muted')}
              </button>
            </p>`
          : nothing
      }
      ${settingsView(scope, sound, name, input)}
    </div>`;
}

/**
 * A fader moves by arrow keys. Page keys come from the remote controls of presenters, who mean slides.
 *
 * @param {KeyboardEvent} event
 */
function leavePageKeys(event) {
  if (/^Page(Up|Down)$/.test(event.key)) event.preventDefault();
}

/**
 * Lets the fader go when the mouse lets it go, so that the next key is again for the whole page.
 *
 * @param {PointerEvent} event
 */
function leaveWithPointer({ currentTarget }) {
  if (!(currentTarget instanceof HTMLElement)) return;
  // In another task, because the fader tells its last value after this event.
  addEventListener('pointerup', () => setTimeout(() => currentTarget.blur()), { once: true });
}

/** @type {Feature<Sound>} */
export const sound = {
  controller: (frame) => new Sound(frame),
  view: { side: soundView },
  place: { side: 10 },
};
