// @ts-check
/**
 * The editor of criteria: rows are added, removed and moved without a reload. Without scripts the
 * form has blank rows, a box to remove each, and a field for its place.
 */

import { all, required, sentences } from "../shared/dom.js";
import { fillIn } from "../shared/text.js";
import { drag } from "./drag.js";

export class CriteriaEditor {
  /** @param {HTMLElement} editor */
  constructor(editor) {
    this.editor = editor;
    this.words = sentences(editor);
    this.list = required(editor, "[data-rows]");
    this.template = required(editor, "template[data-row]", HTMLTemplateElement);
    this.formCount = required(editor, "input[name$=TOTAL_FORMS]", HTMLInputElement);
    this.maxRows = Number(required(editor, "input[name$=MAX_NUM_FORMS]", HTMLInputElement).value);
    this.addButton = required(editor, "[data-add]", HTMLButtonElement);
    this.announcement = required(editor, "[data-move-announcement]");
    this.addButton.hidden = false;
    this.addButton.addEventListener("click", () => focusFirstField(this.append()));
    this.rows().forEach((row) => this.equip(row));
    this.number();
    this.limit();
  }

  /** The rows that are not removed, in their order. */
  rows() {
    return all(this.list, "[data-criterion]:not([hidden])");
  }

  get isFull() {
    return this.addButton.disabled;
  }

  /** Tell the form of changes that no field reports, so that it saves. */
  changed() {
    this.editor.dispatchEvent(new Event("input", { bubbles: true }));
  }

  limit() {
    this.addButton.disabled = this.rows().length >= this.maxRows;
  }

  number() {
    this.rows().forEach((row, index) => (field(row, "ORDER").value = String(index + 1)));
  }

  /**
   * @param {HTMLElement} row
   * @param {-1 | 1} by
   */
  move(row, by) {
    const rows = this.rows();
    const other = rows[rows.indexOf(row) + by];
    if (other) {
      if (by < 0) other.before(row);
      else other.after(row);
      this.number();
      this.changed();
    }
    this.announcePlace(row);
  }

  /** @param {HTMLElement} row */
  announcePlace(row) {
    const rows = this.rows();
    const name = field(row, "name").value || this.words.unnamed;
    const place = rows.indexOf(row) + 1;
    this.announcement.textContent = fillIn(this.words.moved, { name, place, count: rows.length });
  }

  /** @param {HTMLElement} row */
  remove(row) {
    const rows = this.rows();
    const index = rows.indexOf(row);
    const next = rows[index + 1] ?? rows[index - 1];
    field(row, "DELETE").checked = true;
    row.hidden = true;
    // The browser must not stop at a required field that nobody sees.
    field(row, "name").required = false;
    if (next) focusFirstField(next);
    else this.addButton.focus();
    this.limit();
    this.changed();
  }

  /**
   * Replace what works without scripts by buttons.
   *
   * @param {HTMLElement} row
   */
  equip(row) {
    const box = field(row, "DELETE");
    const removeButton = required(row, "[data-remove]");
    removeButton.hidden = false;
    box.hidden = true;
    required(row, `label[for="${box.id}"]`).hidden = true;
    required(row, "[data-place]").hidden = true;
    required(row, "[data-move]").hidden = false;
    removeButton.addEventListener("click", () => this.remove(row));
    /** @type {[string, -1 | 1][]} */
    const moves = [["[data-up]", -1], ["[data-down]", 1]];
    for (const [selector, by] of moves) {
      const button = required(row, selector);
      button.addEventListener("click", () => {
        this.move(row, by);
        button.focus();
      });
    }
    required(row, "[data-handle]").addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault(); // or the drag would select text
      drag(row, () => this.rows(), () => {
        this.number();
        this.changed();
        this.announcePlace(row);
      });
    });
    if (box.checked) row.hidden = true;
  }

  append() {
    const holder = document.createElement("div");
    holder.innerHTML = this.template.innerHTML.replaceAll("__prefix__", this.formCount.value);
    const row = required(holder, "[data-criterion]");
    this.list.append(row);
    this.formCount.value = String(Number(this.formCount.value) + 1);
    this.equip(row);
    this.number();
    this.limit();
    return row;
  }
}

/**
 * Return the field of a row by its name in the form of one criterion.
 *
 * @param {HTMLElement} row
 * @param {string} name
 */
export function field(row, name) {
  const element = required(row, `[name$='-${name}']`);
  return /** @type {HTMLInputElement} */ (element); // or a textarea, which has `value` as well
}

/** @param {HTMLElement} row */
function focusFirstField(row) {
  required(row, "input:not([type=hidden])").focus();
}
