/**
 * The settings of an audio input that are numbers: their bounds, their unit, and the kinds of input that have them.
 *
 * Made of classroom/lesson/audio.py by `make schema`; a change here is overwritten.
 */

/**
 * @typedef {object} NumberSetting
 * @property {number} lowest
 * @property {number} highest
 * @property {'dB' | 'ms'} unit
 * @property {string[]} kinds
 */

/** @type {Record<'gain' | 'delay' | 'duck', NumberSetting>} */
export const AUDIO_SETTINGS = {
  gain: { lowest: -60, highest: 20, unit: 'dB', kinds: ['microphone', 'computer', 'source', 'tone'] },
  delay: { lowest: 0, highest: 1000, unit: 'ms', kinds: ['microphone', 'computer', 'source', 'tone'] },
  duck: { lowest: 0, highest: 60, unit: 'dB', kinds: ['computer', 'source', 'tone'] },
};
