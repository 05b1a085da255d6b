/**
 * Says that the module of a page runs and has its texts: from here on the page tells what is wrong itself.
 */
export function started() {
  document.getElementById('loading')?.remove();
  dispatchEvent(new Event('page-started'));
}
