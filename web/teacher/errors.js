/**
 * A failed command as a sentence for the teacher.
 *
 * @import {Quoted} from '../lib/protocol.d.ts'
 */
import { ControlError } from '../lib/control.js';

const NO_SUCH = -32002;
const NOT_NOW = -32003;

/**
 * @param {unknown} error
 * @param {import('../lib/i18n.js').Translator['t']} t
 * @param {(said: Quoted) => string} say
 * @returns {string}
 */
export function sentenceOf(error, t, say) {
  if (!(error instanceof ControlError)) throw error;
  if (error.code === 0) return t('error.no_connection');
  const { why, known, reason } = error.data ?? {};
  const message = say({ sentence: String(why ?? error.message), reason: reason ?? null });
  switch (error.code) {
    case NO_SUCH: {
      const names = Array.isArray(known) ? known.join(t('error.between')) : '';
      return t('error.no_such', { message, known: names || '–' });
    }
    case NOT_NOW:
      return t('error.not_now', { why: message });
    default:
      return t('error.other', { message });
  }
}
