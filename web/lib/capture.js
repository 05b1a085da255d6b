/**
 * The camera, the microphone and the screen of this device, and why one cannot be had.
 *
 * Browsers give them only to pages that came over https, or from this computer.
 */

/** @typedef {'camera' | 'screen'} What */
/** @typedef {'insecure' | 'unsupported' | 'denied' | 'missing' | 'busy' | 'failed'} Fault */
/** @typedef {{id: string, label: string}} Device */

/** Why nothing was captured; `fault` is a word that the texts know. */
export class CaptureError extends Error {
  /** @param {Fault} fault */
  constructor(fault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * @param {What} what
 * @returns {Fault | null} why this browser cannot even be asked, or null
 */
export function obstacle(what) {
  if (!('mediaDevices' in navigator)) return globalThis.isSecureContext ? 'unsupported' : 'insecure';
  const wanted = what === 'camera' ? 'getUserMedia' : 'getDisplayMedia';
  return wanted in navigator.mediaDevices ? null : 'unsupported';
}

/**
 * @param {object} wishes
 * @param {string} [wishes.device] id of a camera
 * @param {'user' | 'environment'} [wishes.facing] which camera of a phone, where no device is named
 * @param {boolean} wishes.microphone
 * @returns {Promise<MediaStream>} without sound where the microphone alone cannot be had
 * @throws {CaptureError}
 */
export async function captureCamera({ device, facing, microphone }) {
  const which = device ? { deviceId: { exact: device } } : facing ? { facingMode: { ideal: facing } } : {};
  const video = { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
  const capture = (/** @type {boolean} */ audio) =>
    ask('camera', () => navigator.mediaDevices.getUserMedia({ video, audio }));
  const stream = await capture(microphone).catch((error) => {
    // Browsers do not say which of the two is missing, or not allowed.
    if (!microphone || !(error instanceof CaptureError) || !['missing', 'denied'].includes(error.fault)) throw error;
    return capture(false);
  });
  for (const track of stream.getVideoTracks()) track.contentHint = 'motion';
  return stream;
}

/**
 * A screen, a window or a tab that the person chooses, with its sound where the browser offers it.
 *
 * @returns {Promise<MediaStream>}
 * @throws {CaptureError}
 */
export async function captureScreen() {
  // The sound of a computer is music as well as speech, so nothing is filtered out.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const wishes = { video: { frameRate: { ideal: 30, max: 30 } }, audio, systemAudio: 'include' };
  const stream = await ask('screen', () => navigator.mediaDevices.getDisplayMedia(wishes));
  for (const track of stream.getVideoTracks()) track.contentHint = 'detail';
  return stream;
}

/** @returns {Promise<Device[]>} the cameras that may be chosen; they have names once one of them was allowed */
export async function cameras() {
  if (obstacle('camera') !== null) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter(({ kind, deviceId, label }) => kind === 'videoinput' && deviceId !== '' && label !== '')
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/** @param {MediaStream | null} stream */
export function release(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * @param {What} what
 * @param {() => Promise<MediaStream>} capture
 */
async function ask(what, capture) {
  const why = obstacle(what);
  if (why !== null) throw new CaptureError(why);
  try {
    return await capture();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new CaptureError(faultOf(error.name));
  }
}

/**
 * @param {string} name of what the browser throws
 * @returns {Fault}
 */
function faultOf(name) {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}
