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
