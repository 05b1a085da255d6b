/**
 * Copying text, also over plain http. It is the one file of this folder that touches the document.
 */

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether the browser allowed it
 */
export async function copy(text) {
  return (await copyByClipboard(text)) || copyBySelection(text);
}

/**
 * Browsers give the clipboard only to pages that came over https.
 *
 * @param {string} text
 * @returns {Promise<boolean>}
 */
async function copyByClipboard(text) {
  if (!navigator.clipboard) return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}

/**
 * The old way, which also works over plain http.
 *
 * @param {string} text
 * @returns {boolean}
 */
function copyBySelection(text) {
  const area = document.createElement('textarea');
  const before = document.activeElement;
  area.value = text;
  area.readOnly = true;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
