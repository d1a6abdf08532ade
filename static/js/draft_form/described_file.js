// @ts-check
/**
 * Puts the text of a file into the description: by itself where that is empty, else at a press.
 */

import { closest, optional, required } from "../shared/dom.js";
import { onHtmx } from "../shared/htmx.js";

const TAKEN_KEY = "taken"; // in the session's storage: id of the file whose text was put in last

/** @param {HTMLTextAreaElement} description */
export function enableDescribedFile(description) {
  /**
   * @param {HTMLElement} part
   * @param {"append" | "replace"} how
   */
  function take(part, how) {
    const source = required(part, "[data-described]");
    const text = source.textContent ?? "";
    description.value = how === "append" ? `${description.value.trim()}\n\n${text}` : text;
    sessionStorage.setItem(TAKEN_KEY, source.dataset.described ?? "");
    const state = required(part, "[data-described-state]");
    state.textContent = state.dataset.taken ?? "";
    required(part, ".actions").hidden = true;
    description.dispatchEvent(new Event("input", { bubbles: true }));
  }

  onHtmx("afterSettle", () => {
    const part = optional(document, "#described");
    const source = part && optional(part, "[data-described]");
    if (!source || description.value.trim()) return;
    if (sessionStorage.getItem(TAKEN_KEY) !== source.dataset.described) take(part, "replace");
  });

  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-take]");
    const part = closest(event, "#described");
    if (button && part) take(part, button.dataset.take === "append" ? "append" : "replace");
  });
}
