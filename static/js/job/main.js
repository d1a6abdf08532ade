// @ts-check
/** The page of a job while it runs: the title of the tab, and what a screen reader announces. */

import { optional, required, sentences } from "../shared/dom.js";
import { onHtmx } from "../shared/htmx.js";
import { notify, offerNotification } from "./notification.js";

const offer = optional(document, "[data-ask]");
const announcement = required(document, "[data-status-announcement]");
let before = sentences(required(document, "#job"));

onHtmx("afterSwap", () => {
  const now = sentences(required(document, "#job"));
  document.title = now.title;
  if (now.say !== before.say) announcement.textContent = now.say;
  if ("open" in before && !("open" in now) && offer) {
    notify(offer, now.say);
    offer.hidden = true;
  }
  before = now;
});

if (offer) offerNotification(offer);
