// Shows the site's own page where a navigation finds no network. Nothing else is stored.
const CACHE_NAME = "offline-1";
const OFFLINE_URL = "{% url 'offline' %}";

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE_NAME).then((cache) => cache.add(new Request(OFFLINE_URL, { cache: "reload" }))));
});

addEventListener("activate", (event) => {
  const others = (names) => names.filter((name) => name !== CACHE_NAME);
  event.waitUntil(
    caches.keys().then((names) => Promise.all(others(names).map((name) => caches.delete(name)))),
  );
});

addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(OFFLINE_URL)));
  }
});
