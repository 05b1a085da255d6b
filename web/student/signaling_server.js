/**
 * The signaling server of the lesson: the server of this page, unless the page names another.
 *
 * @returns {{base: string, broadcaster: string | null}} the address before `/sign_in`, and the broadcaster's name there
 */
export function signalingServer() {
  const named = document.querySelector('meta[name="classroom-signaling"]');
  if (!(named instanceof HTMLMetaElement)) return { base: '', broadcaster: null };
  return { base: named.content, broadcaster: named.dataset.broadcaster ?? null };
}
