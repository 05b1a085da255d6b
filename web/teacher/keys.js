/**
 * Number keys 1 to 9 for the first nine scenes.
 */

/** Where a digit is text, not a command. */
const TYPING =
  'textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [type=button])';

/**
 * @param {KeyboardEvent} event
 * @returns {number | null} 0 for the first scene, or null when the key means something else
 */
export function sceneIndex(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat || event.isComposing)
    return null;
  if (event.target instanceof Element && event.target.closest(TYPING)) return null;
  if (document.querySelector('dialog[open]')) return null;
  return /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : null;
}
