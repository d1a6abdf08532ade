// @ts-check
/**
 * Registers the service worker, which shows a page of the site's own where a navigation finds no
 * network and stores nothing else. On every page.
 */

const url = document.body.dataset.worker;
if (url && "serviceWorker" in navigator) {
  // Without one the browser shows its own page instead.
  navigator.serviceWorker.register(url).catch(() => {});
}
