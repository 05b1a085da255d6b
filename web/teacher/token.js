/**
 * The teacher's token: it comes in the fragment of the address, which browsers send to nobody, and stays in this tab.
 */

const KEY = 'classroom.token';

/** @returns {string | null} the token of this tab; one in the address is taken out of it */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    history.replaceState(null, '', location.pathname + location.search);
    keepToken(given);
    return given;
  }
  return withStorage(() => sessionStorage.getItem(KEY));
}

/** @param {string} token */
export function keepToken(token) {
  withStorage(() => sessionStorage.setItem(KEY, token));
}

export function forgetToken() {
  withStorage(() => sessionStorage.removeItem(KEY));
}

/**
 * @template Result
 * @param {() => Result} action
 * @returns {Result | null} null where the browser allows no storage: the token then lasts until a reload
 */
function withStorage(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
