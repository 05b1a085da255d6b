/**
 * The lines in which the signaling server names its members: `name,id,connected` and a newline.
 *
 * @typedef {{id: number, name: string, connected: boolean}} Member
 */

const LINE = /^(.*),(\d+),([01])$/;

/**
 * @param {string} text the body of a sign-in reply or of a notification
 * @returns {Member[]} in the order of the lines; other lines are left out
 */
export function parseMembers(text) {
  const members = [];
  for (const line of text.split('\n')) {
    const found = LINE.exec(line.replace(/\r$/, ''));
    if (found) members.push({ id: Number(found[2]), name: readableName(found[1] ?? ''), connected: found[3] === '1' });
  }
  return members;
}

/**
 * Browsers send names percent-encoded, native clients as they are; a `%` that encodes nothing stays as it is.
 *
 * @param {string} raw
 * @returns {string}
 */
export function readableName(raw) {
  try {
    return decodeURIComponent(raw);
  } catch (error) {
    if (error instanceof URIError) return raw;
    throw error;
  }
}
