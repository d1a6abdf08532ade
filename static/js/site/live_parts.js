// @ts-check
/** Parts of a page that refresh by themselves; htmx does the asking. On every page. */

import { optional } from "../shared/dom.js";
import { onHtmx, trigger } from "../shared/htmx.js";
import { mayBeSwapped, watchConnection } from "../shared/polling.js";

const HIDDEN_TAB_INTERVAL_MS = 15_000; // between requests while nobody looks at the tab

onHtmx("beforeSwap", mayBeSwapped);

// The server answers 304 where the part shows this state already.
onHtmx("configRequest", ({ elt, headers }) => {
  if (elt.dataset.state) headers["If-None-Match"] = elt.dataset.state;
});

let lastRequestMs = 0;
onHtmx("beforeRequest", ({ elt }, event) => {
  if (!("live" in elt.dataset)) return;
  if (document.hidden && Date.now() - lastRequestMs < HIDDEN_TAB_INTERVAL_MS) {
    event.preventDefault();
    return;
  }
  lastRequestMs = Date.now();
});

function refreshNow() {
  for (const part of document.querySelectorAll("[data-live][hx-get]")) trigger(part, "wake");
}
document.addEventListener("visibilitychange", () => document.hidden || refreshNow());
window.addEventListener("online", refreshNow);

const notice = optional(document, "[data-lost]");
watchConnection((isLost, part) => {
  if (notice && "live" in part.dataset) {
    notice.textContent = isLost ? notice.dataset.lost ?? "" : "";
  }
});
