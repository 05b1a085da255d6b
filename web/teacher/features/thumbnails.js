/**
 * Small pictures of the sources, and from them a small picture of each scene.
 *
 * A canvas with `data-scene`, in the view of any feature, shows that scene, the one with `data-program` the program.
 *
 * @import {SceneEntry, ThumbnailNews} from '../../lib/protocol.d.ts'
 * @import {Controller, Feature, Frame} from '../feature.d.ts'
 * @typedef {{source: string | null, picture: readonly [number, number, number, number]}} Place x, y, width, height as shares
 */

/** Gap between a small picture and the edge, as a share of the height: the same as in the program picture. */
const MARGIN = 0.02;

const WHOLE = /** @type {const} */ ([0, 0, 1, 1]);

/** @implements {Controller} */
class Thumbnails {
  #frame;
  /** @type {Map<string | null, ImageBitmap>} */
  #pictures = new Map();
  #scheduled = false;

  watch = { thumbnails: true };
  news = { thumbnail: (/** @type {ThumbnailNews} */ params) => void this.#take(params) };

  /** @param {Frame} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** The scenes may have changed. */
  drawn() {
    this.#schedule();
  }

  /** @param {ThumbnailNews} thumbnail */
  async #take({ source, jpeg }) {
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
    const scene = name === undefined ? undefined : this.#frame.state().scenes?.[name];
    const places = scene ? placesOf(scene) : [{ source: null, picture: WHOLE }];
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
 * @param {SceneEntry} scene
 * @returns {Place[]} the one at the back first; the same geometry as the program's
 */
export function placesOf(scene) {
  const { layout, show, corner = 'bottom-right', size = 0.25, areas = [] } = scene;
  const pictures = (/** @type {(index: number) => Place['picture']} */ at) =>
    show.map((source, index) => ({ source, picture: at(index) }));
  switch (layout) {
    case 'picture-in-picture': {
      const x = corner.endsWith('left') ? (MARGIN * 9) / 16 : 1 - size - (MARGIN * 9) / 16;
      const y = corner.startsWith('top') ? MARGIN : 1 - size - MARGIN;
      return pictures((index) => (index === 0 ? WHOLE : [x, y, size, size]));
    }
    case 'side-by-side':
      return pictures((index) => [index / 2, 0, 0.5, 1]);
    case 'grid':
      return pictures((index) => cell(index, show.length));
    case 'custom':
      return pictures((index) => areas[index] ?? WHOLE);
    default:
      return pictures(() => WHOLE);
  }
}

/**
 * A cell of as square a grid as holds all; a last row that is not full is centred.
 *
 * @param {number} index
 * @param {number} count
 * @returns {Place['picture']}
 */
function cell(index, count) {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const row = Math.floor(index / columns);
  const inRow = Math.min(columns, count - row * columns);
  return [((columns - inRow) / 2 + (index % columns)) / columns, row / rows, 1 / columns, 1 / rows];
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

/** @type {Feature<Thumbnails>} */
export const thumbnails = { controller: (frame) => new Thumbnails(frame) };
