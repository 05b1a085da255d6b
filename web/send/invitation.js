/**
 * The invitation in the link: the source and its key are in the fragment, which browsers send to nobody.
 */

/** @typedef {{source: string, key: string}} Invitation */

/** @returns {Invitation | null} null where the address has none */
export function takeInvitation() {
  const given = new URLSearchParams(location.hash.slice(1));
  const source = given.get('source');
  const key = given.get('key');
  return source && key ? { source, key } : null;
}
