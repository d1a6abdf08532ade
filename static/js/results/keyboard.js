// @ts-check
/** Single keys on the ranking. */

import { optional, required } from "../shared/dom.js";
import { undoLastDecision } from "./decisions.js";
import { currentRow, resultsPart, step } from "./rows.js";

const SETTING = "results-keys"; // in the browser's storage: "on" or "off"

/** @param {string} selector below the current row */
const clickInRow = (selector) => {
  const row = currentRow();
  if (row) required(row, selector).click();
};

/** @type {Record<string, () => void>} */
const ACTIONS = {
  j: () => step(1),
  ArrowDown: () => step(1),
  k: () => step(-1),
  ArrowUp: () => step(-1),
  o: () => clickInRow("[data-open]"),
  Enter: () => clickInRow("[data-open]"),
  c: () => clickInRow(".pick input"),
  u: undoLastDecision,
  "/": () => required(document, "#q").focus(),
  "?": showKeys,
};
// Keys without a character cannot be typed by mistake, so the setting leaves them on.
const KEYS_WITHOUT_CHARACTER = new Set(["ArrowDown", "ArrowUp", "Enter"]);

const areKeysOn = () => localStorage.getItem(SETTING) !== "off";

/** @param {boolean} isOn */
export function switchKeys(isOn) {
  localStorage.setItem(SETTING, isOn ? "on" : "off");
}

export function showKeys() {
  required(document, "#keys", HTMLDialogElement).showModal();
}

/** Show the buttons that list the keys, and whether the keys are on. */
export function showKeySetting() {
  for (const button of document.querySelectorAll("[data-open-keys]")) {
    button.removeAttribute("hidden");
  }
  const box = optional(document, "#keys-on", HTMLInputElement);
  if (box) box.checked = areKeysOn();
}

/** @param {HTMLElement} element */
function takesText(element) {
  const fields = "select, textarea, input:not([type=checkbox])";
  return element.isContentEditable || element.matches(fields);
}

/** @param {KeyboardEvent} event */
export function onKeydown(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (!resultsPart() || target.closest("dialog") || takesText(target)) return;
  // A key without a character works on a row alone; elsewhere it scrolls and presses as ever.
  const isActive = KEYS_WITHOUT_CHARACTER.has(event.key)
    ? target.matches("[data-row]")
    : areKeysOn();
  if (!isActive) return;
  const row = currentRow();
  const button = row && optional(row, `[data-key="${CSS.escape(event.key)}"]`);
  const act = ACTIONS[event.key] ?? (button && (() => button.click()));
  if (!act) return;
  event.preventDefault();
  act();
}
