/**
 * Small changes to session descriptions and looks at them, as pure functions on their text.
 */

/**
 * @param {string} answer
 * @returns {boolean} whether it refuses the picture, because the browser knows none of the offered codecs
 */
export function refusesPicture(answer) {
  return /^m=video 0 /m.test(answer);
}

/**
 * Asks for stereo in every Opus format: without it browsers decode to one channel (RFC 7587, section 6.1).
 *
 * @param {string} sdp
 * @returns {string}
 */
export function withStereo(sdp) {
  const opus = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\s*$/gim)];
  return opus.reduce((text, [, payload]) => {
    const parameters = new RegExp(`^(a=fmtp:${payload} )(.*?)(\\r?)$`, 'm');
    const line = parameters.exec(text);
    if (line) return line[2]?.includes('stereo=') ? text : text.replace(parameters, '$1$2;stereo=1$3');
    return text.replace(new RegExp(`^(a=rtpmap:${payload} .*?)(\\r?)$`, 'm'), `$1$2\na=fmtp:${payload} stereo=1$2`);
  }, sdp);
}
