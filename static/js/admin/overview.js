// The parts of the monitor's pages that refresh by themselves.
"use strict";

// What has not changed is answered without a body (304), and nothing is swapped.
const tags = new Map();
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const tag = tags.get(detail.elt.id);
  if (tag) {
    detail.headers["If-None-Match"] = tag;
  }
});

// The session may end while a page polls: the log-in page belongs into the whole window.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr, pathInfo } = detail;
  const asked = new URL(pathInfo.requestPath, location.href).pathname;
  if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
    detail.shouldSwap = false;
    location.reload();
  } else if (xhr.status === 304) {
    detail.shouldSwap = false;
  } else {
    tags.set(detail.target.id, xhr.getResponseHeader("ETag"));
  }
});

// What a reader has opened stays open.
let open = [];
document.addEventListener("htmx:beforeSwap", () => {
  open = [...document.querySelectorAll("[data-part] details[open]")].map((one) => one.id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of open) {
    document.getElementById(id)?.setAttribute("open", "");
  }
});

// Old figures must not look like new ones.
const lost = document.getElementById("lost");
const isLost = (yes) => {
  if (lost) {
    lost.hidden = !yes;
  }
};
for (const kind of ["sendError", "timeout"]) {
  document.addEventListener(`htmx:${kind}`, () => isLost(true));
}
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => isLost(detail.xhr.status >= 500));
