/**
 * A failed command as a sentence for the teacher.
 */
import { ControlError } from '../lib/control.js';

const NO_SUCH = -32002;
const NOT_NOW = -32003;

/**
 * @param {unknown} error
 * @param {import('../lib/i18n.js').Translator['t']} t
 * @returns {string}
 */
export function sentenceOf(error, t) {
  if (!(error instanceof ControlError)) throw error;
  switch (error.code) {
    case 0:
      return t('error.no_connection');
    case NO_SUCH: {
      const known = Array.isArray(error.data?.known) ? error.data.known.join(', ') : '';
      return t('error.no_such', { message: error.message, known: known || '–' });
    }
    case NOT_NOW:
      return t('error.not_now', { why: String(error.data?.why ?? error.message) });
    default:
      return t('error.other', { message: error.message });
  }
}
