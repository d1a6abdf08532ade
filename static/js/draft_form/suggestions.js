// @ts-check
/**
 * A suggested criterion goes into the first empty row of the form, or into a new one. It counts
 * when the form is saved.
 */

/** @import { CriteriaEditor } from "./criteria.js" */
import { closest, required, sentences } from "../shared/dom.js";
import { fillIn } from "../shared/text.js";
import { field } from "./criteria.js";

/** @param {CriteriaEditor} editor */
export function enableSuggestions(editor) {
  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-suggested]");
    const list = closest(event, ".suggestions");
    if (button && list) add(editor, button, required(list, "[data-added-announcement]"));
  });
}

/**
 * @param {CriteriaEditor} editor
 * @param {HTMLElement} button
 * @param {HTMLElement} announcement
 */
function add(editor, button, announcement) {
  const { words } = editor;
  const { name, looksFor, weight } = sentences(button);
  const isEmpty = (/** @type {HTMLElement} */ row) =>
    !field(row, "name").value && !field(row, "looks_for").value;
  const emptyRow = editor.rows().find(isEmpty);
  if (!emptyRow && editor.isFull) {
    announcement.textContent = fillIn(words.full, { name, count: editor.maxRows });
    return;
  }
  const row = emptyRow ?? editor.append();
  field(row, "name").value = name;
  field(row, "looks_for").value = looksFor;
  field(row, "weight").value = weight;
  field(row, "must_have").checked = "mustHave" in button.dataset;
  button.textContent = words.added;
  button.removeAttribute("aria-label");
  button.setAttribute("aria-disabled", "true");
  button.removeAttribute("data-suggested");
  announcement.textContent = fillIn(words.addedOne, { name });
  editor.changed();
}
