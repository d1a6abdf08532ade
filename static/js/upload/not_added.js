// @ts-check
/** The list of files that were not taken in, each with the reason. */

/** @import { Entry } from "./entry.js" */
/** @import { Outcome } from "./retry.js" */
/** @import { FileStore } from "./store.js" */
import { all, required, sentences, setText } from "../shared/dom.js";
import { fillIn, formatNumber } from "../shared/text.js";
import { retriedEntry } from "./entry.js";

const MAX_FILES_SHOWN = 100; // the others are counted

/** @typedef {{ entry: Entry, outcome: Outcome, reason: string }} NotAdded */

export class NotAddedList {
  /**
   * @param {HTMLElement} form
   * @param {FileStore} store
   * @param {(entries: Entry[]) => void} retry sends files again
   */
  constructor(form, store, retry) {
    this.form = form;
    this.store = store;
    this.sendAgain = retry;
    this.words = sentences(required(form, "[data-words]"));
    this.box = required(form, "[data-trouble]");
    this.list = required(form, "[data-list]");
    this.more = required(form, "[data-more]");
    this.retryAllButton = required(form, "[data-retry-all]");
    this.isDrawing = false;
    /** @type {Map<string, NotAdded>} by the id of the entry */
    this.files = new Map();
    this.retryAllButton.addEventListener("click", () => this.retry(this.retryableIds()));
    required(form, "[data-remove-all]").addEventListener("click", () => {
      this.remove([...this.files.keys()]);
    });
    this.list.addEventListener("click", ({ target }) => {
      const button = target instanceof Element && target.closest("button");
      if (button) this.pressed(button);
    });
  }

  /** @param {HTMLButtonElement} button of one file */
  pressed(button) {
    const item = /** @type {HTMLElement} */ (button.closest("li"));
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const ids = [item.dataset.id ?? ""];
    if ("again" in button.dataset) this.retry(ids);
    else this.remove(ids);
    (next?.isConnected ? required(next, "button") : this.list).focus();
  }

  /** @param {NotAdded} file */
  add(file) {
    this.files.set(file.entry.id, file);
    this.draw();
  }

  /** @param {string[]} ids */
  entries(ids) {
    return ids.flatMap((id) => this.files.get(id)?.entry ?? []);
  }

  // What is there already would only be refused again.
  retryableIds() {
    return [...this.files].filter(([, { outcome }]) => outcome !== "duplicate").map(([id]) => id);
  }

  /** @param {string[]} ids */
  retry(ids) {
    const entries = this.entries(ids);
    this.forget(ids);
    this.sendAgain(entries.map(retriedEntry));
    this.store.remove(entries);
  }

  /** @param {string[]} ids */
  remove(ids) {
    this.store.remove(this.entries(ids));
    this.forget(ids);
  }

  /** @param {string[]} ids */
  forget(ids) {
    for (const id of ids) this.files.delete(id);
    for (const item of all(this.list, "li")) {
      if (!this.files.has(item.dataset.id ?? "")) item.remove();
    }
    if (!this.files.size) required(this.form, "[data-drop] input").focus();
    this.draw();
  }

  draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.box.hidden = !this.files.size;
      const shownIds = new Set(all(this.list, "li").map(({ dataset }) => dataset.id));
      for (const [id, file] of this.files) {
        if (this.list.children.length >= MAX_FILES_SHOWN) break;
        if (!shownIds.has(id)) this.list.append(this.newItem(file));
      }
      this.retryAllButton.hidden = !this.retryableIds().length;
      const hiddenCount = this.files.size - this.list.children.length;
      this.more.hidden = hiddenCount <= 0;
      setText(this.more, fillIn(this.words.more, { n: formatNumber(hiddenCount) }));
    });
  }

  /** @param {NotAdded} file */
  newItem({ entry, outcome, reason }) {
    const item = document.createElement("li");
    const text = document.createElement("span");
    const strong = document.createElement("strong");
    const { name } = entry.file;
    strong.textContent = name;
    text.append(strong, `: ${reason}`);
    item.append(text);
    for (const action of outcome === "duplicate" ? ["remove"] : ["again", "remove"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.dataset[action] = "";
      button.textContent = this.words[action];
      button.setAttribute("aria-label", fillIn(this.words[`${action}Of`], { name }));
      item.append(button);
    }
    item.dataset.id = entry.id;
    return item;
  }
}
