/**
 * The pages without a lesson: no token yet, still connecting, and after the end.
 */
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { plainHead } from './head.js';

/**
 * @param {import('../page.js').Scope} scope
 * @param {boolean} denied whether a token was refused
 */
export function gateView(scope, denied) {
  const { t, actions } = scope;
  return html`
    ${plainHead(scope)}
    <main class="middle">
      <form id="gate" class="card" @submit=${actions.enter}>
        <h2>${t('gate.heading')}</h2>
        <p class="quiet">${t('gate.intro')}</p>
        ${denied ? html`<p class="fault" role="alert">${t('gate.denied')}</p>` : nothing}
        <label for="token">${t('gate.token')}</label>
        <input id="token" name="token" type="password" required autocomplete="off" spellcheck="false" />
        <button type="submit" class="primary">${t('gate.button')}</button>
      </form>
    </main>`;
}

/**
 * @param {import('../page.js').Scope} scope
 * @param {'connecting' | 'crowded' | 'unreachable' | 'blocked' | 'ended'} which
 */
export function messageView(scope, which) {
  const { t } = scope;
  return html`
    ${plainHead(scope)}
    <main class="middle">
      <div class="card" role="status">
        <h2>${t(`middle.${which}.heading`)}</h2>
        <p class="quiet">${t(`middle.${which}.text`, { address: location.origin })}</p>
      </div>
    </main>`;
}
