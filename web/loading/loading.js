/**
 * Watches how a page loads, until its module says that it has started (`started.js`).
 *
 * The files of a page come as some thirty requests. Where one of them is lost, browsers run nothing of the page and say
 * nothing. This script is no module, so it runs all the same: it shows what is wrong, in the element `loading` of the
 * page, and loads the page again as soon as the server answers. What has come already is in the browser's cache, so each
 * attempt needs less. A script that fails twice in the same way is not a lost file: the browser is too old for it.
 *
 * Only syntax and functions that browsers had in 2016.
 */
(() => {
  const KEY = 'classroom.loading';
  const FIRST_MS = 1000;
  const LONGEST_MS = 30000;
  const LOOK_MS = 5000;
  /** Looks in a row at which nothing new has come, until the rest counts as lost. */
  const QUIET_LOOKS = 3;
  /** @type {'failed' | 'old' | null} */
  let shown = null;
  let over = false;

  /** @returns {number} how often this tab has loaded the page again */
  function attempts() {
    try {
      return Number(sessionStorage.getItem(KEY)) || 0;
    } catch (_) {
      return 0; // The browser may keep nothing.
    }
  }

  /** @param {number} count */
  function setAttempts(count) {
    try {
      if (count > 0) sessionStorage.setItem(KEY, String(count));
      else sessionStorage.removeItem(KEY);
    } catch (_) {
      // Then all pauses are short.
    }
  }

  /** @param {number} count how many attempts failed */
  function pauseAfter(count) {
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(count, 10)) * (0.8 + 0.4 * Math.random());
  }

  /** Shows one of the sentences in the page, once it is there. */
  function show() {
    const place = document.getElementById('loading');
    if (!place || shown === null) return;
    place.className = `loading ${shown}`;
    const button = place.querySelector('button');
    if (button) button.onclick = () => location.reload();
  }

  /** @param {'failed' | 'old'} what */
  function say(what) {
    shown = what;
    show();
  }

  /** Loads the page again once the server answers: before that, the browser would show a page of its own for ever. */
  function again() {
    const request = new XMLHttpRequest();
    request.open('GET', 'healthz');
    request.timeout = 8000;
    request.onloadend = () => {
      if (over) return;
      const count = attempts() + 1;
      setAttempts(count);
      if (request.status === 200) location.reload();
      else setTimeout(again, pauseAfter(count));
    };
    request.send();
  }

  /** @param {boolean} lost whether a file did not come; otherwise a script failed */
  function failed(lost) {
    if (over || shown !== null) return;
    if (!lost && attempts() > 0) {
      say('old');
      return;
    }
    say('failed');
    setTimeout(again, pauseAfter(attempts()));
  }

  /**
   * Takes what does not come for lost, where nothing else comes either. A line may just be slow, so each attempt is given
   * more time than the one before.
   *
   * @param {number} known how many files had come at the last look
   * @param {number} quiet looks since one came
   */
  function watchQuiet(known, quiet) {
    setTimeout(() => {
      if (over || shown !== null) return;
      const came = performance.getEntriesByType('resource').length;
      const looks = came > known ? 0 : quiet + 1;
      if (looks >= QUIET_LOOKS * (1 + attempts())) failed(true);
      else watchQuiet(came, looks);
    }, LOOK_MS);
  }

  /** @param {HTMLLinkElement} style a style sheet that did not come; the page works without, and looks wrong */
  function fetchAgain(style) {
    const count = Number(style.getAttribute('data-attempts')) + 1;
    const next = /** @type {HTMLLinkElement} */ (style.cloneNode());
    next.setAttribute('data-attempts', String(count));
    setTimeout(() => {
      if (style.parentNode) style.parentNode.replaceChild(next, style);
    }, pauseAfter(count));
  }

  /** @param {any} error thrown by a script; the texts of a page are files too */
  function isLoss(error) {
    return Boolean(error) && error.name === 'NetworkFailure';
  }

  addEventListener(
    'error',
    (event) => {
      const { target } = event;
      if (target instanceof HTMLLinkElement) {
        if (target.rel === 'stylesheet') fetchAgain(target);
      } else if (target instanceof HTMLScriptElement) {
        failed(true);
      } else if (target === window) {
        failed(isLoss(event.error));
      }
    },
    true,
  );
  addEventListener('unhandledrejection', ({ reason }) => failed(isLoss(reason)));
  addEventListener('DOMContentLoaded', show);
  addEventListener('page-started', () => {
    over = true;
    setAttempts(0);
  });
  watchQuiet(0, 0);
  if (!('noModule' in HTMLScriptElement.prototype)) say('old');
})();
