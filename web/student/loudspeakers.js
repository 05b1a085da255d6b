/**
 * Opens the way to the loudspeakers as soon as somebody touches the page, with silence. A browser that was just started
 * takes up to a second for that, and sound that arrives meanwhile is piled up and stays late for some seconds.
 */
const STAYS_OPEN = 3000; // milliseconds after the lesson plays, which then keeps it open itself

export class Loudspeakers {
  /** @type {AudioContext | null} */
  #context = null;
  #done = false;

  constructor() {
    // Browsers allow sound only to pages that somebody has touched or typed into.
    for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => void this.#open(), { once: true });
  }

  /** The lesson plays, and needs no help any more. */
  playing() {
    setTimeout(() => void this.close(), STAYS_OPEN);
  }

  /** Lets go of the loudspeakers. */
  async close() {
    this.#done = true;
    const context = this.#context;
    this.#context = null;
    await context?.close();
  }

  async #open() {
    if (this.#done || this.#context || !('AudioContext' in globalThis)) return;
    try {
      const context = new AudioContext();
      this.#context = context;
      const silence = new GainNode(context, { gain: 0 });
      const source = new ConstantSourceNode(context);
      source.connect(silence).connect(context.destination);
      source.start();
      await context.resume();
    } catch (error) {
      // Closed meanwhile, or there is nothing to play on: the lesson plays as it can.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
