/**
 * The features of the page together: their controllers, and their views in the order of their places.
 */
import { nothing } from '../vendor/lit-html/lit-html.js';

/**
 * @import {AlarmEntry} from '../lib/protocol.d.ts'
 * @import {Controller, Feature, Frame, Key, Scope, Slot, View} from './feature.d.ts'
 */

export class FeatureSet {
  /** @type {Controller[]} */
  #controllers = [];
  /** @type {Map<string, {order: number, view: View<any>, controller: Controller}[]>} */
  #slots = new Map();

  /**
   * @param {readonly Feature[]} features
   * @param {Frame} frame
   */
  constructor(features, frame) {
    for (const { controller: make, view = {}, place = {} } of features) {
      const controller = make?.(frame) ?? {};
      this.#controllers.push(controller);
      for (const [slot, show] of Object.entries(view)) {
        const order = place[/** @type {Slot} */ (slot)] ?? 0;
        this.#slots.set(slot, [...(this.#slots.get(slot) ?? []), { order, view: show, controller }]);
      }
    }
    for (const views of this.#slots.values()) views.sort((a, b) => a.order - b.order);
  }

  /** @returns {Key[]} */
  get keys() {
    return this.#controllers.flatMap(({ keys = [] }) => keys);
  }

  /** @returns {Record<string, boolean>} the notifications that have to be asked for */
  get watched() {
    return Object.assign({}, ...this.#controllers.map(({ watch }) => watch));
  }

  /** @param {(controller: Controller) => void} action */
  each(action) {
    this.#controllers.forEach(action);
  }

  /**
   * Tells a notification to the features that know it. A newer broadcaster may send others.
   *
   * @param {string} method
   * @param {any} params
   */
  take(method, params) {
    for (const { news = {} } of this.#controllers) if (Object.hasOwn(news, method)) news[method]?.(params);
  }

  /**
   * @param {Slot} slot
   * @param {Scope} scope
   */
  show(slot, scope) {
    return (this.#slots.get(slot) ?? []).map(({ view, controller }) => view(scope, controller));
  }

  /**
   * @param {AlarmEntry} alarm
   * @param {Scope} scope
   */
  remedy(alarm, scope) {
    const method = alarm.method ?? '';
    const able = this.#controllers.find(({ remedies = {} }) => Object.hasOwn(remedies, method));
    return able?.remedies?.[method]?.(scope, alarm) ?? nothing;
  }
}
