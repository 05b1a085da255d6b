/**
 * What this page could send if the teacher asked. Nobody is asked for permission here: browsers say without it which
 * kinds of devices there are.
 *
 * @typedef {NonNullable<import('./protocol.d.ts').Hello['can_send']>} CanSend
 */

/** @returns {Promise<CanSend>} */
export async function canSend() {
  if (!('mediaDevices' in navigator)) return globalThis.isSecureContext ? 'unsupported' : 'insecure';
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const has = (/** @type {MediaDeviceKind} */ wanted) => devices.some(({ kind }) => kind === wanted);
  return { microphone: has('audioinput'), camera: has('videoinput') };
}
