/**
 * Puts the texts of the chosen language into the page: `data-text` names the text of an element, `data-label`
 * its label for screen readers, `data-tip` its tooltip.
 */

/** @param {import('../lib/i18n.js').Translator} translator */
export function translateDocument(translator) {
  const { t } = translator;
  document.documentElement.lang = translator.tag;
  for (const element of document.querySelectorAll('[data-text]')) {
    element.textContent = t(element.getAttribute('data-text') ?? '');
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', t(element.getAttribute('data-label') ?? ''));
  }
  for (const element of document.querySelectorAll('[data-tip]')) {
    element.setAttribute('title', t(element.getAttribute('data-tip') ?? ''));
  }
}

/**
 * The switch between the languages.
 *
 * @param {(language: import('../lib/i18n.js').Language) => void} choose
 * @returns {(language: import('../lib/i18n.js').Language) => void} shows which language is chosen
 */
export function languageSwitch(choose) {
  const buttons = [...document.querySelectorAll('button[data-language]')];
  for (const button of buttons) {
    const language = /** @type {import('../lib/i18n.js').Language} */ (button.getAttribute('data-language'));
    button.addEventListener('click', () => choose(language));
  }
  return (language) => {
    for (const button of buttons) {
      button.setAttribute('aria-pressed', String(button.getAttribute('data-language') === language));
    }
  };
}

/** @typedef {import('../lib/i18n.js').Translator} Translator */
/** @typedef {import('../lib/receiver.js').State} State */

/**
 * @param {Translator} translator
 * @param {State} state
 * @param {string | null} why a word that the texts know, or a sentence of the server's
 * @returns {string} what is the case
 */
export function headlineOf(translator, state, why) {
  const { t } = translator;
  return translator.has(`headline.${why}`) ? t(`headline.${why}`) : t(`state.${state}`);
}

/**
 * @param {Translator} translator
 * @param {State} state
 * @param {string | null} why
 * @returns {string} what to do about it
 */
export function hintOf(translator, state, why) {
  const { t } = translator;
  if (why === null) return t(`hint.${state}`);
  if (translator.has(`refused.${why}`)) return t(`refused.${why}`);
  return translator.has(`hint.${why}`) ? t(`hint.${why}`) : why;
}

/**
 * @param {Translator} translator
 * @param {State} state
 * @param {string | null} why
 * @returns {string} what the button says that joins again; empty where there is nothing to press
 */
export function joinAgainOf({ t }, state, why) {
  if (state !== 'ended' && state !== 'refused') return '';
  switch (why) {
    case 'banned':
      return '';
    case 'full':
      return t('lesson.try_again');
    case 'teacher':
      return t('lesson.ask_again');
    case 'replaced':
      return t('lesson.watch_here');
    default:
      return t('lesson.join_again');
  }
}
