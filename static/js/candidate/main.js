// @ts-check
/**
 * The pages of a candidate and of an evaluation. All of it works without scripts: quotes are
 * links, decisions are forms.
 */

import { closest, optional } from "../shared/dom.js";
import { onHtmx } from "../shared/htmx.js";
import { enableKeyboard } from "./keyboard.js";
import { goBack, goToQuote, restoreQuote } from "./quotes.js";

const announcement = optional(document, "#announcement");

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = closest(event, "a.quote", HTMLAnchorElement);
  if (link && goToQuote(link)) event.preventDefault();
  if (closest(event, "#back")) goBack();
});

onHtmx("afterSettle", (_, { target }) => {
  const swappedId = target instanceof Element ? target.id : "";
  if (swappedId === "pane") restoreQuote();
  const decision = optional(document, "#judgement [data-say]");
  if (swappedId === "judgement" && decision && announcement) {
    announcement.textContent = (decision.textContent ?? "").replace(/\s+/g, " ").trim();
  }
});

enableKeyboard();
