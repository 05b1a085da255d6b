/**
 * A dialog that takes the whole screen where the browser allows it, and the whole window elsewhere.
 *
 * A dialog itself cannot be made full screen, so the document is, and the dialog fills it.
 */

/** @param {HTMLDialogElement | null} dialog */
export function showLarge(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const page = document.documentElement;
  if (!page.requestFullscreen || !document.fullscreenEnabled) return;
  const shown = new AbortController();
  dialog.addEventListener('close', () => shown.abort(), { once: true });
  // The first Escape leaves full screen; a second one to close the dialog would surprise.
  const left = () => {
    if (!document.fullscreenElement) dialog.close();
  };
  document.addEventListener('fullscreenchange', left, { signal: shown.signal });
  page.requestFullscreen().catch(stayInWindow);
}

export function leaveFullScreen() {
  if (document.fullscreenElement === document.documentElement) document.exitFullscreen().catch(stayInWindow);
}

/** @param {unknown} error */
function stayInWindow(error) {
  if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
}
