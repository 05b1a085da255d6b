/**
 * Copying text, also over plain http.
 */

/**
 * @param {string} text
 * @param {Document} page in which the text is selected where the browser gives no clipboard
 * @returns {Promise<boolean>} whether the browser allowed it
 */
export async function copy(text, page) {
  return (await copyByClipboard(text)) || copyBySelection(text, page);
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
 * @param {Document} page
 * @returns {boolean}
 */
function copyBySelection(text, page) {
  const area = page.createElement('textarea');
  const before = page.activeElement;
  area.value = text;
  area.readOnly = true;
  area.className = 'visually-hidden';
  page.body.append(area);
  area.select();
  const done = page.execCommand('copy');
  area.remove();
  if (before && 'focus' in before && typeof before.focus === 'function') before.focus();
  return done;
}
