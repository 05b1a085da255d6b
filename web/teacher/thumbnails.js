/**
 * Small pictures of the sources, and from them a small picture of each scene.
 *
 * A canvas with `data-scene` shows that scene, the one with `data-program` the program.
 *
 * @typedef {import('./model.js').Scene} Scene
 * @typedef {{source: string | null, picture: readonly [number, number, number, number]}} Place x, y, width, height as shares
 */

/** Gap between a small picture and the edge, as a share of the height: the same as in the program picture. */
const MARGIN = 0.02;

export class Thumbnails {
  /** @type {Map<string | null, ImageBitmap>} */
  #pictures = new Map();
  /** @type {Readonly<Record<string, Scene>>} */
  #scenes = {};
  #scheduled = false;

  /** @param {Readonly<Record<string, Scene>>} scenes */
  set scenes(scenes) {
    this.#scenes = scenes;
    this.#schedule();
  }

  /** @param {{source: string | null, jpeg: string}} thumbnail */
  async take({ source, jpeg }) {
    const bytes = Uint8Array.from(atob(jpeg), (character) => character.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
    this.#pictures.get(source)?.close();
    this.#pictures.set(source, picture);
    this.#schedule();
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      for (const canvas of document.querySelectorAll('canvas')) this.#draw(canvas);
    });
  }

  /** @param {HTMLCanvasElement} canvas */
  #draw(canvas) {
    const name = canvas.dataset.scene;
    const scene = name === undefined ? undefined : this.#scenes[name];
    const whole = /** @type {const} */ ([0, 0, 1, 1]);
    const places = scene ? placesOf(scene) : [{ source: null, picture: whole }];
    const context = canvas.getContext('2d');
    if (!context) return;
    const program = this.#pictures.get(null);
    // Setting the size clears the canvas, so it is done only when it differs.
    const height = program ? Math.round((canvas.width * program.height) / program.width) : canvas.height;
    if (canvas.height !== height) canvas.height = height;
    context.fillStyle = '#05070a';
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const { source, picture } of places) {
      const bitmap = this.#pictures.get(source);
      if (bitmap) drawFitted(context, bitmap, picture);
    }
  }
}

/**
 * @param {Scene} scene
 * @returns {Place[]} the one at the back first; the same geometry as the program's
 */
export function placesOf({ layout, show, corner = 'bottom-right', size = 0.25 }) {
  const [first = null, second = null] = show;
  if (layout === 'picture-in-picture') {
    const x = corner.endsWith('left') ? (MARGIN * 9) / 16 : 1 - size - (MARGIN * 9) / 16;
    const y = corner.startsWith('top') ? MARGIN : 1 - size - MARGIN;
    return [
      { source: first, picture: [0, 0, 1, 1] },
      { source: second, picture: [x, y, size, size] },
    ];
  }
  if (layout === 'side-by-side') {
    return [
      { source: first, picture: [0, 0, 0.5, 1] },
      { source: second, picture: [0.5, 0, 0.5, 1] },
    ];
  }
  return [{ source: first, picture: [0, 0, 1, 1] }];
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {ImageBitmap} bitmap
 * @param {readonly [number, number, number, number]} place as shares of the canvas
 */
function drawFitted(context, bitmap, [x, y, width, height]) {
  const canvas = context.canvas;
  const into = { width: width * canvas.width, height: height * canvas.height };
  const scale = Math.min(into.width / bitmap.width, into.height / bitmap.height);
  const fitted = { width: bitmap.width * scale, height: bitmap.height * scale };
  context.drawImage(
    bitmap,
    x * canvas.width + (into.width - fitted.width) / 2,
    y * canvas.height + (into.height - fitted.height) / 2,
    fitted.width,
    fitted.height,
  );
}
