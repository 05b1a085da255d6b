/**
 * What a feature of the student page is. A feature is one class in one file of `features/`, and `features/index.js`
 * lists it; the frame (`page.js`) knows no feature by name. What a feature shows is markup of `index.html`, which is
 * there before any script has come; the feature finds it by its ids.
 */

import type { Stamp } from '../lib/connection.js';
import type { EventLog } from '../lib/event_log.js';
import type { Translator } from '../lib/i18n.js';
import type { FromPage } from '../lib/protocol.d.ts';
import type { State } from '../lib/receiver.js';
import type { Digest } from '../lib/statistics.js';

/** What the frame asks of a feature. Everything is optional; all features are asked in the order of their list. */
export interface Feature {
  /** Takes messages of the broadcaster, by type. */
  // biome-ignore lint/suspicious/noExplicitAny: each message has fields of its own.
  news?: Record<string, (fields: any) => void>;
  /** The language of the page is chosen, for the first time or again. */
  translated?(): void;
  /** The lesson is joined, for the first time or again. */
  joining?(): void;
  /** A broadcaster was greeted: tell it what it has to know of this page. */
  greeted?(): void;
  /** Picture and sound come with this stream. */
  streamed?(stream: MediaStream): void;
  /** About once a second. */
  measured?(figures: Digest): void;
  /**
   * The state of the reception, or the language of its texts, is another. `why` is a word that the texts know, or a
   * sentence of the server's.
   */
  changed?(state: State, why: string | null): void;
}

/** What the frame does for features. */
export interface Frame {
  translator: Translator;
  eventLog: EventLog;
  /** Joins the lesson again. */
  join(): void;
  /** Sends a message to the broadcaster, where there is one. */
  send(message: FromPage): void;
  /** The time stamp of what of the lesson was handed on last to be shown or played. */
  stamp(kind: 'audio' | 'video'): Stamp | null;
}

export type FeatureClass = new (frame: Frame) => Feature;
