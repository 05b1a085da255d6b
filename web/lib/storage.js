/**
 * Small values that the browser keeps for next time. Where it must not keep any, nothing breaks.
 */

const PREFIX = 'classroom.';

/**
 * @param {string} key
 * @returns {string | null}
 */
export function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch (error) {
    return nothingWhenForbidden(error);
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch (error) {
    nothingWhenForbidden(error);
  }
}

/**
 * What only this tab remembers, until it is closed.
 *
 * @param {string} key
 * @returns {string | null}
 */
export function recallInTab(key) {
  try {
    return sessionStorage.getItem(PREFIX + key);
  } catch (error) {
    return nothingWhenForbidden(error);
  }
}

/**
 * @param {string} key
 * @param {string | null} value null to forget
 */
export function rememberInTab(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, value);
  } catch (error) {
    nothingWhenForbidden(error);
  }
}

/**
 * @param {unknown} error
 * @returns {null}
 */
function nothingWhenForbidden(error) {
  if (error instanceof DOMException) return null;
  throw error;
}
