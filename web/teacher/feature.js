/**
 * What a feature of the teacher page is. A feature is one file of `features/`, and `features/index.js` lists it; the
 * frame (`page.js`) knows no feature by name. There is no code here, only the types.
 *
 * @import {Control} from '../lib/control.js'
 * @import {Language, Translator} from '../lib/i18n.js'
 * @import {Folds} from './fold.js'
 * @import {Keys} from './keys.js'
 * @import {Alarm, LessonState} from './model.js'
 * @import {Said} from './reasons.js'
 */

/**
 * A place of the page that takes the views of features. Those of the frame: `clock` and `actions` in the head, before
 * and after the choice of a language; `alarms` below the head; `screens` and `main` in the wide column; `side` in the
 * narrow one; `news` for what only a screen reader says; `dialogs` over everything. A feature may open one inside its
 * own view with `scope.slot`: `students` is the head of the list of students.
 *
 * @typedef {'clock' | 'actions' | 'alarms' | 'screens' | 'main' | 'side' | 'students' | 'news' | 'dialogs'} Slot
 */

/**
 * @template C
 * @callback View
 * @param {Scope} scope
 * @param {C} controller the feature's own
 * @returns {unknown} a lit-html template, or `nothing`
 */

/**
 * @template {object} [C=any]
 * @typedef {object} Feature
 * @property {(frame: Frame) => C} [controller] makes it, once for each page
 * @property {Partial<Record<Slot, View<C>>>} [view] what is shown in each slot
 * @property {Partial<Record<Slot, number>>} [place] the order in each slot; small numbers come first
 */

/**
 * What the frame asks of a feature's controller. Everything is optional.
 *
 * @typedef {object} Controller
 * @property {Record<string, (params: any) => void>} [news] takes notifications of the broadcaster, by method
 * @property {Record<string, boolean>} [watch] notifications that come only when they are asked for
 * @property {Key[]} [keys]
 * @property {Record<string, (scope: Scope, alarm: Alarm) => unknown>} [remedies] a view of the button that does what an
 *   alarm suggests, by the control method of the alarm
 * @property {(control: Control) => void} [begin] the control connection is open, for the first time or again
 * @property {() => void} [lost] the control connection was lost
 * @property {() => void} [hurry] the network may be back: do not wait for the end of a pause
 * @property {() => void} [stop] the page is closed, or the lesson is over
 * @property {(revision: number) => void} [drawing] the state of this revision is about to be drawn
 * @property {() => void} [drawn] the lesson was drawn: do what templates cannot
 */

/**
 * A key that works on the whole page.
 *
 * @typedef {object} Key
 * @property {RegExp} key matches `KeyboardEvent.key`
 * @property {(key: string) => boolean} press returns whether the key meant anything now
 * @property {string} [taken] selects elements that use the key themselves; fields for text always do
 */

/**
 * What the frame does for controllers.
 *
 * @typedef {object} Frame
 * @property {() => Readonly<LessonState>} state
 * @property {(method: string, params: Record<string, unknown>) => Promise<any>} request gives a command; the result, or
 *   null when it failed, which is said on the page
 * @property {(method: string, params: Record<string, unknown>) => Promise<number | null>} ask gives a command; the
 *   revision of the state that it led to, or null when it failed
 * @property {() => void} draw soon
 * @property {() => void} drawNow
 * @property {() => void} end shows that the lesson is over
 */

/**
 * What a view may use: the state, and ways to write it down.
 *
 * @typedef {object} Scope
 * @property {Translator['t']} t
 * @property {Language} language
 * @property {(language: Language) => void} setLanguage
 * @property {(value: number, digits?: number) => string} number
 * @property {(value: number, digits?: number) => string} signed
 * @property {(moment: string) => string} time of day of an ISO 8601 moment
 * @property {(said: Said) => string} say a sentence of the broadcaster in the language of the page
 * @property {Readonly<LessonState>} state
 * @property {number | null} elapsed seconds since the lesson began
 * @property {boolean} connected
 * @property {Keys} keys
 * @property {Folds} folds
 * @property {string} copied what was copied a moment ago
 * @property {(text: string) => void} copy
 * @property {(slot: Slot) => unknown} slot the views of all features in a slot
 * @property {(alarm: Alarm) => unknown} remedy the button that does what an alarm suggests, or `nothing`
 */

export {};
