// @ts-check
/** Keeps the focus and the checked boxes while the ranking is replaced. */

import { required } from "../shared/dom.js";
import { onHtmx } from "../shared/htmx.js";
import { checkedBoxes, currentOrNextRow, resultsPart, rowBoxes, select } from "./rows.js";

/**
 * @typedef {object} PageState what there was before the ranking was replaced
 * @property {boolean} wasFocusInside
 * @property {boolean} wasFocusOnRow
 * @property {string} focusedId
 * @property {Set<string>} checkedIds
 * @property {boolean} isDecision
 */

/** @type {PageState | null} */
let before = null;

/** @param {() => void} replaced called when the new ranking is in place */
export function keepAcrossSwaps(replaced) {
  onHtmx("beforeSwap", (detail) => {
    // A filter that cannot be used comes back with the reason, which belongs on the page.
    if (detail.xhr.status === 422) {
      detail.shouldSwap = true;
      detail.isError = false;
    }
    if (detail.target?.id === "results") before = presentState(detail.requestConfig.verb);
  });
  onHtmx("afterSwap", ({ target }) => {
    if (target?.id !== "results") return;
    replaced();
    if (before) restore(before);
    before = null;
  });
}

/**
 * @param {string} verb of the request, in lower case
 * @returns {PageState}
 */
function presentState(verb) {
  const focused = document.activeElement;
  return {
    wasFocusInside: Boolean(resultsPart()?.contains(focused)),
    wasFocusOnRow: Boolean(focused?.matches("[data-row]")),
    focusedId: focused?.id ?? "",
    checkedIds: new Set(checkedBoxes().map((box) => box.value)),
    isDecision: verb === "post",
  };
}

/** @param {PageState} state */
function restore({ wasFocusInside, wasFocusOnRow, focusedId, checkedIds, isDecision }) {
  const row = currentOrNextRow();
  if (row) select(row, { focus: false });
  const same = focusedId ? document.getElementById(focusedId) : null;
  if (wasFocusInside && !(same && same === document.activeElement)) {
    if (same && !wasFocusOnRow) same.focus({ preventScroll: true });
    else if (row) select(row);
    else required(document, "#main").focus();
  }
  if (isDecision) return;
  for (const box of rowBoxes()) box.checked = checkedIds.has(box.value);
}
