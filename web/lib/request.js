/**
 * One HTTP request with a time limit, read to its end.
 *
 * Only what the network did, or the limit, or an abort, becomes a `NetworkFailure`; a fault of our own stays what it is,
 * and is not taken for a server that cannot be reached. `AbortSignal.timeout` would do for the limit, but browsers
 * before 2022 lack it.
 *
 * @typedef {{status: number, headers: Headers, body: string}} Answer
 */

/** No whole answer came. */
export class NetworkFailure extends Error {
  /** @override */
  name = 'NetworkFailure';
}

/** A file of the pages that takes longer is asked for again. */
const FILE_MS = 20000;

/** Answers of a proxy between us and the server: it gave up waiting, or lost the server, perhaps only for a moment. */
const BETWEEN = new Set([408, 502, 503, 504, 520, 521, 522, 523, 524]);

/** Those of them which say that the server is there and was only silent for too long. */
const TOO_SILENT = new Set([408, 504, 524]);

/**
 * @param {string} address
 * @param {RequestInit & {signal?: AbortSignal, limit: number}} options limit: in milliseconds
 * @returns {Promise<Answer>}
 * @throws {NetworkFailure}
 */
export async function ask(address, { signal, limit, ...options }) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, limit);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  try {
    const reply = await fetch(address, { cache: 'no-store', ...options, signal: ending.signal });
    return { status: reply.status, headers: reply.headers, body: await reply.text() };
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) throw new NetworkFailure(error.message);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/**
 * @param {string} address of a JSON file of the pages; asked for twice where that is necessary
 * @returns {Promise<any>}
 * @throws {NetworkFailure}
 */
export async function askForFile(address) {
  const attempt = async () => {
    const { status, body } = await ask(address, { cache: 'default', limit: FILE_MS });
    if (status !== 200) throw new NetworkFailure(`${address}: ${status}`);
    return body;
  };
  return JSON.parse(await attempt().catch(attempt));
}

/** @param {number} status of an answer that a proxy gave, and not the server */
export function isFromBetween(status) {
  return BETWEEN.has(status);
}

/** @param {number} status of an answer to a request that was silent for longer than a proxy allows */
export function isTooSilent(status) {
  return TOO_SILENT.has(status);
}
