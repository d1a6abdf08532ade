// @ts-check
/** The rows of the ranking, and the current one, which the keys are about. */

import { all, required } from "../shared/dom.js";

/** @type {string | null} id of the current row */
let currentId = null;
let currentIndex = 0; // where the current row stands, for when a decision takes it away

export const resultsPart = () => document.getElementById("results");
export const rows = () => all(document, "[data-row]");
export const currentRow = () => rows().find(({ id }) => id === currentId);
export const rowBoxes = () => all(document, "[data-row] .pick input", HTMLInputElement);
export const checkedBoxes = () => rowBoxes().filter((box) => box.checked);

/**
 * Make a row the current one. Only it can be reached with Tab.
 *
 * @param {HTMLElement | undefined} row
 * @param {{ focus?: boolean }} [options]
 */
export function select(row, { focus = true } = {}) {
  const present = rows();
  for (const other of present) other.tabIndex = other === row ? 0 : -1;
  currentId = row?.id ?? null;
  currentIndex = row ? Math.max(0, present.indexOf(row)) : 0;
  if (row && focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
}

/** @param {HTMLElement} row one that the focus has reached */
export function selectFocused(row) {
  if (row.id !== currentId) select(row, { focus: false });
}

/**
 * Go to the next or previous row; where the focus is elsewhere, to the current one.
 *
 * @param {-1 | 1} by
 */
export function step(by) {
  const present = rows();
  if (!present.length) return;
  const row = currentRow();
  const index = row ? present.indexOf(row) : -1;
  const isInside = row?.contains(document.activeElement);
  const next = isInside
    ? Math.min(Math.max(index + by, 0), present.length - 1)
    : Math.max(index, 0);
  select(present[next]);
}

/** Return the current row or, when it is gone, the row that has taken its place. */
export function currentOrNextRow() {
  const present = rows();
  return currentRow() ?? present[Math.min(currentIndex, present.length - 1)];
}

/**
 * Show a sentence below the ranking, where a screen reader announces it.
 *
 * @param {string} text
 */
export function showToast(text) {
  const box = document.createElement("div");
  box.className = "toast-box";
  box.textContent = text;
  required(document, "#results .toast").replaceChildren(box);
}
