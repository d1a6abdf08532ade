// @ts-check
/** Single keys on the page of a candidate. */

import { closest, optional } from "../shared/dom.js";
import { goBack } from "./quotes.js";

const dialog = optional(document, "#keys", HTMLDialogElement);
const opener = optional(document, "#show-keys");

/** @param {string} selector */
const click = (selector) => optional(document, selector)?.click();

/** @type {Record<string, () => void>} */
const ACTIONS = {
  j: () => click("#after"),
  n: () => click("#after"),
  k: () => click("#before"),
  p: () => click("#before"),
  b: goBack,
  t: () => click("#pane .views a:not([aria-current])"),
  "?": () => dialog?.showModal(),
};

/** @param {KeyboardEvent} event */
function onKeydown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || dialog?.open) return;
  if (closest(event, "input, textarea, select, [contenteditable]")) return;
  const button = optional(document, `#judgement button[data-key="${CSS.escape(event.key)}"]`);
  const act = button ? () => button.click() : ACTIONS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

/** Make the keys work, and show the button that lists them. */
export function enableKeyboard() {
  document.addEventListener("keydown", onKeydown);
  if (dialog && opener) {
    opener.hidden = false;
    opener.addEventListener("click", () => dialog.showModal());
  }
}
