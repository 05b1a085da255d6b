/**
 * How a sound input is heard: later, lower while somebody speaks, or only with its picture. That is one line, which opens
 * the fields to change it.
 */
import { AUDIO_SETTINGS } from '../lib/audio_settings.js';
import { html, nothing } from '../vendor/lit-html/lit-html.js';

/**
 * @import {InputEntry} from '../lib/protocol.d.ts'
 * @import {Scope} from './feature.d.ts'
 * @import {OptimisticValues} from './optimistic.js'
 */

/** @typedef {keyof typeof AUDIO_SETTINGS} NumberSetting */

/**
 * @typedef {object} Sound what the fields change
 * @property {Record<NumberSetting, OptimisticValues>} values
 * @property {(input: string, settings: Partial<Pick<InputEntry, 'muted' | 'heard'>>) => void} set
 */

export const SETTINGS = /** @type {NumberSetting[]} */ (Object.keys(AUDIO_SETTINGS));

/** The settings that are written as a number: all but the gain, which has a fader. */
const WRITTEN = SETTINGS.filter((setting) => setting !== 'gain');

/** What a unit is called, and how far the arrow keys move a setting of it. */
const UNITS = { ms: { word: 'unit.ms_word', step: 10 }, dB: { word: 'unit.db_word', step: 1 } };

/**
 * @param {Scope} scope
 * @param {Sound} sound
 * @param {string} name
 * @param {InputEntry} input
 */
export function settingsView({ t, number }, sound, name, input) {
  const shown = (/** @type {NumberSetting} */ setting) => sound.values[setting].value(name) ?? input[setting] ?? 0;
  const written = (/** @type {number} */ value) => number(value, Number.isInteger(value) ? 0 : 1);
  const settings = WRITTEN.filter((setting) => AUDIO_SETTINGS[setting].kinds.includes(input.kind ?? ''));
  const source = input.source ?? null;
  const facts = [
    ...settings.map((setting) => {
      const value = shown(setting);
      return value !== 0 || setting === 'delay' ? t(`audio.${setting}_fact`, { value: written(value) }) : null;
    }),
    source === null ? null : input.heard === 'always' ? t('audio.always_fact') : t('audio.on_air_fact', { source }),
  ].filter((fact) => fact !== null);
  const chosen = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLSelectElement)
      sound.set(name, { heard: /** @type {InputEntry['heard']} */ (target.value) });
  };
  const field = (/** @type {NumberSetting} */ setting) => {
    const { word, step } = UNITS[AUDIO_SETTINGS[setting].unit];
    const texts = [t(`audio.${setting}`), t(`audio.${setting}_named`, { input: name }), t(word)];
    return numberView(sound, { setting, name, value: shown(setting), step, texts });
  };
  return html`
    <details class="heard">
      <summary>
        <span class="visually-hidden">${t('audio.heard_heading', { input: name })}</span><span class="facts">${facts.join(' · ')}</span>
      </summary>
      <div class="heard-fields">
        ${settings.map(field)}
        ${
          source === null
            ? nothing
            : html`
              <label class="choice"
                ><span>${t('audio.heard')}</span>
                <select data-heard=${name} aria-label=${t('audio.heard_named', { input: name })} @change=${chosen}>
                  <option value="on-air">${t('audio.on_air', { source })}</option>
                  <option value="always">${t('audio.always')}</option>
                </select></label
              >`
        }
      </div>
    </details>`;
}

/**
 * @param {Sound} sound
 * @param {object} field
 * @param {NumberSetting} field.setting
 * @param {string} field.name of the input
 * @param {number} field.value
 * @param {number} field.step of the arrow keys
 * @param {string[]} field.texts the label, the label together with the name of the input, and the unit
 */
function numberView(sound, { setting, name, value, step, texts: [label, named, unit] }) {
  const { lowest, highest } = AUDIO_SETTINGS[setting];
  const written = (/** @type {Event} */ { target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    delete target.dataset.typing;
    const wanted = target.valueAsNumber;
    // Without a number all stays as it is; the next drawing shows that.
    if (Number.isNaN(wanted)) target.valueAsNumber = value;
    else sound.values[setting].move(name, Math.min(highest, Math.max(lowest, wanted)), true);
  };
  const typing = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLInputElement) target.dataset.typing = '';
  };
  const left = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLInputElement) delete target.dataset.typing;
  };
  return html`
    <label class="choice"
      ><span>${label}</span>
      <input
        type="number"
        inputmode="decimal"
        data-setting=${setting}
        data-input=${name}
        min=${lowest}
        max=${highest}
        step=${Number.isInteger(value / step) ? step : 'any'}
        aria-label=${named}
        @input=${typing}
        @change=${written}
        @blur=${left}
      /><span aria-hidden="true">${unit}</span></label
    >`;
}
