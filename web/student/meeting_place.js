/**
 * Where this page signs in: at the server that it came from, unless the page says that the lesson is met at another.
 *
 * @returns {{base: string, broadcaster: string | null}} the address before `/sign_in`, and the broadcaster's name there
 */
export function meetingPlace() {
  const place = document.querySelector('meta[name="classroom-signaling"]');
  if (!(place instanceof HTMLMetaElement)) return { base: '', broadcaster: null };
  return { base: place.content, broadcaster: place.dataset.broadcaster ?? null };
}
