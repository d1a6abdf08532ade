// @ts-check
/** Draws how far an upload is: the bar, the sentences, and the file that each request is at. */

/** @import { Progress, Transfer } from "./progress.js" */
/** @import { Counts, State } from "./sentences.js" */
import { required, sentences, setText } from "../shared/dom.js";
import { formatNumber } from "../shared/text.js";
import { currentFile } from "./progress.js";
import { paceSentence, statusSentence } from "./sentences.js";

/**
 * @typedef {object} Snapshot
 * @property {State} state
 * @property {Counts} counts
 * @property {number} total number of files
 * @property {Progress} progress
 * @property {number} elapsedMs
 * @property {boolean} isOffline
 */

export class ProgressView {
  /** @param {HTMLElement} form */
  constructor(form) {
    this.words = sentences(required(form, "[data-words]"));
    this.bar = required(form, "[data-bar]", HTMLProgressElement);
    this.status = required(form, "[data-status]");
    this.pace = required(form, "[data-pace]");
    this.list = required(form, "[data-moving]");
  }

  /** @param {Snapshot} snapshot */
  draw(snapshot) {
    const { state, counts, total, progress } = snapshot;
    this.bar.max = progress.totalBytes || 1;
    this.bar.value = state === "done"
      ? this.bar.max
      : Math.min(progress.goneBytes(), progress.totalBytes);
    setText(this.status, statusSentence(state, counts, total, this.words));
    setText(this.pace, this.paceText(snapshot));
    this.drawTransfers([...progress.transfers]);
  }

  /** @param {Snapshot} snapshot */
  paceText({ state, isOffline, progress, elapsedMs }) {
    if (state !== "running") return "";
    if (isOffline) return this.words.offline;
    const estimate = progress.estimate(elapsedMs);
    return estimate ? paceSentence(estimate, this.words, formatNumber) : "";
  }

  /** @param {Transfer[]} transfers */
  drawTransfers(transfers) {
    while (this.list.children.length > transfers.length) this.list.lastElementChild?.remove();
    transfers.forEach((transfer, index) => {
      const item = this.list.children[index] ?? this.appendItem();
      const { entry, share } = currentFile(transfer);
      const { name } = entry.file;
      const bar = required(item, "progress", HTMLProgressElement);
      setText(required(item, "span"), name);
      bar.value = share;
      bar.setAttribute("aria-label", name);
    });
  }

  appendItem() {
    const item = document.createElement("li");
    const bar = document.createElement("progress");
    bar.max = 1;
    item.append(document.createElement("span"), bar);
    this.list.append(item);
    return item;
  }
}
