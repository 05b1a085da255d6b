/**
 * How an audio input is heard, apart from its volume: later, lower while somebody speaks, or only with its picture.
 * What is set stands in one line, which opens the fields to change it.
 */
import { html, nothing } from '../../vendor/lit-html/lit-html.js';

const LONGEST_DELAY_MS = 1000;
const DEEPEST_DUCK_DB = 60;

/** Kinds that can give way to voices: not those that voices come from. */
const GIVING_WAY = ['computer', 'source', 'tone'];

/**
 * @param {import('../page.js').Scope} scope
 * @param {string} name
 * @param {import('../model.js').AudioInput} input
 */
export function inputView({ t, number, delays, ducks, actions }, name, input) {
  const delay = delays.value(name) ?? input.delay ?? 0;
  const duck = ducks.value(name) ?? input.duck ?? 0;
  const source = input.source ?? null;
  const chosen = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLSelectElement) actions.setHeard(name, target.value);
  };
  const facts = [
    t('audio.delay_fact', { value: decimal(number, delay) }),
    duck > 0 ? t('audio.duck_fact', { value: decimal(number, duck) }) : null,
    source === null ? null : input.heard === 'always' ? t('audio.always_fact') : t('audio.on_air_fact', { source }),
  ].filter((fact) => fact !== null);
  return html`
    <details class="heard">
      <summary>
        <span class="visually-hidden">${t('audio.heard_heading', { input: name })}</span><span class="facts">${facts.join(' · ')}</span>
      </summary>
      <div class="heard-fields">
        ${numberView({
          label: t('audio.delay'),
          named: t('audio.delay_named', { input: name }),
          unit: t('unit.ms_word'),
          setting: 'delay',
          name,
          value: delay,
          highest: LONGEST_DELAY_MS,
          step: 10,
          held: delays,
        })}
        ${
          GIVING_WAY.includes(input.kind ?? '')
            ? numberView({
                label: t('audio.duck'),
                named: t('audio.duck_named', { input: name }),
                unit: t('unit.db_word'),
                setting: 'duck',
                name,
                value: duck,
                highest: DEEPEST_DUCK_DB,
                step: 1,
                held: ducks,
              })
            : nothing
        }
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
 * @typedef {object} Field
 * @property {string} label
 * @property {string} named the label together with the name of the input
 * @property {string} unit
 * @property {'delay' | 'duck'} setting
 * @property {string} name of the input
 * @property {number} value
 * @property {number} highest
 * @property {number} step of the arrow keys
 * @property {import('../faders.js').Faders} held what is on its way
 */

/** @param {Field} field */
function numberView({ label, named, unit, setting, name, value, highest, step, held }) {
  const written = (/** @type {Event} */ { target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    delete target.dataset.typing;
    const wanted = target.valueAsNumber;
    // What is no number leaves all as it is; the next drawing shows that.
    if (Number.isNaN(wanted)) target.valueAsNumber = value;
    else held.move(name, Math.min(highest, Math.max(0, wanted)), true);
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
        min="0"
        max=${highest}
        step=${Number.isInteger(value / step) ? step : 'any'}
        aria-label=${named}
        @input=${typing}
        @change=${written}
        @blur=${left}
      /><span aria-hidden="true">${unit}</span></label
    >`;
}

/**
 * Fields keep what a person did to them, so they are set to the state by hand, except while somebody writes in them.
 *
 * @param {Record<'delay' | 'duck', import('../faders.js').Faders>} held what is on its way
 * @param {Record<string, import('../model.js').AudioInput>} audio
 */
export function setInputs(held, audio) {
  for (const field of document.querySelectorAll('input[data-setting]')) {
    if (!(field instanceof HTMLInputElement) || field.dataset.typing !== undefined) continue;
    const setting = field.dataset.setting === 'duck' ? 'duck' : 'delay';
    const name = field.dataset.input ?? '';
    const value = held[setting].value(name) ?? audio[name]?.[setting] ?? 0;
    if (field.valueAsNumber !== value) field.valueAsNumber = value;
  }
  for (const select of document.querySelectorAll('select[data-heard]')) {
    const heard = audio[select.getAttribute('data-heard') ?? '']?.heard;
    if (select instanceof HTMLSelectElement && heard !== undefined && select.value !== heard) select.value = heard;
  }
}

/**
 * @param {(value: number, digits?: number) => string} number
 * @param {number} value
 */
function decimal(number, value) {
  return number(value, Number.isInteger(value) ? 0 : 1);
}
