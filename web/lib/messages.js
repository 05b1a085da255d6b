/**
 * The messages that a broadcaster sends through the signaling, checked as data from outside.
 *
 * @typedef {{kind: 'offer', sdp: string}
 *   | {kind: 'candidate', candidate: RTCIceCandidateInit}
 *   | {kind: 'welcome', title: string | null, language: string | null, ticket: string | null, iceServers: RTCIceServer[] | null}
 *   | {kind: 'waiting', title: string | null, language: string | null, ticket: string | null}
 *   | {kind: 'ice-servers', iceServers: RTCIceServer[]}
 *   | {kind: 'ended'}
 *   | {kind: 'refused', why: string | null}
 *   | {kind: 'unknown'}} Message
 */

/**
 * @param {string} body
 * @returns {Message} `unknown` for any other, such as the original's `BYE`
 */
export function readMessage(body) {
  const fields = parse(body);
  if (!fields) return { kind: 'unknown' };
  switch (fields.type) {
    case 'offer':
      return typeof fields.sdp === 'string' ? { kind: 'offer', sdp: fields.sdp } : { kind: 'unknown' };
    case 'welcome':
      return {
        kind: 'welcome',
        title: text(fields.title),
        language: text(fields.language),
        ticket: text(fields.ticket),
        iceServers: iceServers(fields.ice_servers),
      };
    case 'ice_servers': {
      const servers = iceServers(fields.ice_servers);
      return servers ? { kind: 'ice-servers', iceServers: servers } : { kind: 'unknown' };
    }
    case 'waiting':
      return {
        kind: 'waiting',
        title: text(fields.title),
        language: text(fields.language),
        ticket: text(fields.ticket),
      };
    case 'ended':
      return { kind: 'ended' };
    case 'refused':
      return { kind: 'refused', why: text(fields.why) };
    default:
      return candidateOf(fields) ?? { kind: 'unknown' };
  }
}

/**
 * @param {string} body
 * @returns {Record<string, unknown> | null}
 */
function parse(body) {
  try {
    const value = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * @param {unknown} value
 * @returns {RTCIceServer[] | null} only the entries that are servers; null where it is not a list
 */
function iceServers(value) {
  if (!Array.isArray(value)) return null;
  const isUrls = (/** @type {unknown} */ urls) => [urls].flat().every((url) => typeof url === 'string');
  return value.filter((server) => typeof server === 'object' && server !== null && isUrls(server.urls));
}

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * @param {Record<string, unknown>} fields
 * @returns {Message | null}
 */
function candidateOf({ candidate, sdpMid, sdpMLineIndex }) {
  if (typeof candidate !== 'string') return null;
  return {
    kind: 'candidate',
    candidate: {
      candidate,
      sdpMid: typeof sdpMid === 'string' ? sdpMid : null,
      sdpMLineIndex: typeof sdpMLineIndex === 'number' ? sdpMLineIndex : null,
    },
  };
}
