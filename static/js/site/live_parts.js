// Parts of a page that refresh by themselves (htmx does the asking), and where the browser is.
"use strict";

// Times are shown in the reader's zone: the server has it from here unless they have chosen one.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

// The session may end while a page polls: the answer is then the log-in page, which belongs into
// the whole window and not into the part.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo } = event.detail;
  const asked = new URL(pathInfo.requestPath, location.href).pathname;
  if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
    event.detail.shouldSwap = false;
    location.reload();
  } else if (xhr.status === 304) {
    event.detail.shouldSwap = false;
  }
});

// What has not changed is answered without a body (304), and nothing is swapped.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.dataset.state) {
    detail.headers["If-None-Match"] = detail.elt.dataset.state;
  }
});

// Nobody looks at a hidden tab: it asks seldom, and at once when it is looked at again.
const SELDOM = 15_000;
let asked = 0;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!("live" in event.detail.elt.dataset)) {
    return;
  }
  if (document.hidden && Date.now() - asked < SELDOM) {
    event.preventDefault();
    return;
  }
  asked = Date.now();
});
const wake = () => {
  for (const part of document.querySelectorAll("[data-live][hx-get]")) {
    htmx.trigger(part, "wake");
  }
};
document.addEventListener("visibilitychange", () => document.hidden || wake());
window.addEventListener("online", wake);

// A part that cannot be had is asked for again by its own clock; until then the page says so.
const lost = document.querySelector("[data-lost]");
const isLost = (yes) => (event) => {
  if (lost && "live" in event.detail.elt.dataset) {
    lost.textContent = yes ? lost.dataset.lost : "";
  }
};
for (const kind of ["sendError", "timeout"]) {
  document.addEventListener(`htmx:${kind}`, isLost(true));
}
document.addEventListener("htmx:beforeOnLoad", (event) => {
  isLost(event.detail.xhr.status >= 500)(event);
});

// Shows a page of ours where a navigation finds no network; keeps nothing else.
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(document.body.dataset.worker).catch(() => {});
}
