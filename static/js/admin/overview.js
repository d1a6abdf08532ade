// @ts-check
/** The parts of the admin's overview and start page that refresh by themselves. */

import { all, optional } from "../shared/dom.js";
import { onHtmx } from "../shared/htmx.js";
import { mayBeSwapped, watchConnection } from "../shared/polling.js";

/** @type {Map<string, string | null>} the ETag of what a part shows, by the part's id */
const etags = new Map();
/** @type {string[]} ids of what the reader has opened, which stays open */
let openIds = [];

onHtmx("configRequest", ({ elt, headers }) => {
  const etag = etags.get(elt.id);
  if (etag) headers["If-None-Match"] = etag;
});

onHtmx("beforeSwap", (detail) => {
  if (mayBeSwapped(detail)) etags.set(detail.target.id, detail.xhr.getResponseHeader("ETag"));
  openIds = all(document, "[data-part] details[open]").map(({ id }) => id);
});

onHtmx("afterSwap", () => {
  for (const id of openIds) document.getElementById(id)?.setAttribute("open", "");
});

// Old figures must not look like new ones.
const notice = optional(document, "#lost");
watchConnection((isLost) => {
  if (notice) notice.hidden = !isLost;
});
