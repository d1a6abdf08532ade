// @ts-check
/** Compares the checked candidates. */

import { required, sentences } from "../shared/dom.js";
import { comparisonUrl } from "./query.js";
import { checkedBoxes, showToast } from "./rows.js";

const MIN_COMPARED = 2;
const MAX_COMPARED = 4;

/** @param {HTMLElement} button */
export function compareChecked(button) {
  const words = sentences(required(document, "[data-words]"));
  const ids = checkedBoxes().map((box) => box.value);
  if (ids.length > MAX_COMPARED) showToast(words.atMost);
  else if (ids.length < MIN_COMPARED) showToast(words.atLeast);
  else location.assign(comparisonUrl(button.getAttribute("formaction") ?? "", ids));
}
