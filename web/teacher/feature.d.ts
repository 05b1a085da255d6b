/**
 * What a feature of the teacher page is. A feature is one file of `features/`, and `features/index.js` lists it; the
 * frame (`page.js`) knows no feature by name.
 */
import type { Control, Method, Replies } from '../lib/control.js';
import type { Language, Translator } from '../lib/i18n.js';
import type { AlarmEntry, Quoted } from '../lib/protocol.d.ts';
import type { Folds } from './fold.js';
import type { Keys } from './keys.js';
import type { LessonState } from './model.js';

/**
 * A place of the page that takes the views of features. Those of the frame: `clock` and `actions` in the head, before
 * and after the choice of a language; `alarms` below the head; `screens` and `main` in the wide column; `side` in the
 * narrow one; `news` for what only a screen reader says; `dialogs` over everything. A feature may open a slot inside
 * its own view: `students` is the head of the list of students.
 */
export type Slot = 'clock' | 'actions' | 'alarms' | 'screens' | 'main' | 'side' | 'students' | 'news' | 'dialogs';

/** Gives a lit-html template, or `nothing`. */
export type View<C> = (scope: Scope, controller: C) => unknown;

// biome-ignore lint/suspicious/noExplicitAny: features with all kinds of controllers stand in one list.
export interface Feature<C extends object = any> {
  /** Makes the controller, once for each page. */
  controller?: (frame: Frame) => C;
  /** What is shown in each slot. */
  view?: Partial<Record<Slot, View<C>>>;
  /** The order in each slot; small numbers come first. */
  place?: Partial<Record<Slot, number>>;
}

/** What the frame asks of a feature's controller. Everything is optional. */
export interface Controller {
  /** Takes notifications of the broadcaster, by method. */
  // biome-ignore lint/suspicious/noExplicitAny: each notification has parameters of its own.
  news?: Record<string, (params: any) => void>;
  /** Notifications that come only when they are asked for. */
  watch?: Record<string, boolean>;
  keys?: Key[];
  /** The button that does what an alarm suggests, by the control method of the alarm. */
  remedies?: Record<string, (scope: Scope, alarm: AlarmEntry) => unknown>;
  /** The control connection is open, for the first time or again. */
  begin?(control: Control): void;
  /** The control connection was lost. */
  lost?(): void;
  /** The network may be back: do not wait for the end of a pause. */
  hurry?(): void;
  /** The page is closed, or the lesson is over. */
  stop?(): void;
  /** The state of this revision is about to be drawn. */
  drawing?(revision: number): void;
  /** The lesson was drawn: do what templates cannot. */
  drawn?(): void;
}

/** A key that works on the whole page. */
export interface Key {
  /** Matches `KeyboardEvent.key`. */
  key: RegExp;
  /** Returns whether the key meant anything now. */
  press(key: string): boolean;
  /** Selects elements that use the key themselves; fields for text always do. */
  taken?: string;
}

/** What the frame does for controllers. */
export interface Frame {
  state(): Readonly<LessonState>;
  /** Gives a command; the result, or null when it failed, which is said on the page. */
  request<M extends Method>(method: M, params: Record<string, unknown>): Promise<Replies[M] | null>;
  /** Gives a command; the revision of the state that it led to, or null when it failed. */
  ask(method: Method, params: Record<string, unknown>): Promise<number | null>;
  /** Draws the page soon. */
  draw(): void;
  drawNow(): void;
  /** Shows that the lesson is over. */
  end(): void;
}

/** What a view may use: the state, and ways to write it down. */
export interface Scope {
  t: Translator['t'];
  language: Language;
  setLanguage(language: Language): void;
  number(value: number, digits?: number): string;
  signed(value: number, digits?: number): string;
  /** The time of day of an ISO 8601 moment. */
  time(moment: string): string;
  /** A sentence of the broadcaster in the language of the page. */
  say(said: Quoted): string;
  state: Readonly<LessonState>;
  /** Seconds since the lesson began. */
  elapsed: number | null;
  /** Whether commands are answered now. */
  connected: boolean;
  /** Whether the connection stands and nobody answers. */
  hung: boolean;
  keys: Keys;
  folds: Folds;
  /** What was copied a moment ago. */
  copied: string;
  copy(text: string): void;
  /** The views of all features in a slot. */
  slot(slot: Slot): unknown;
  /** The button that does what an alarm suggests, or `nothing`. */
  remedy(alarm: AlarmEntry): unknown;
}
