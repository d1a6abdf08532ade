// @ts-check
/** "What if the weights were different?": ranks anew in the browser, from ratings fetched once. */

import { all, optional, required, sentences, setText } from "../shared/dom.js";
import { onHtmx } from "../shared/htmx.js";
import { difference, TOP_SIZE, topSensitivity } from "./arithmetic.js";
import { OrderList } from "./order_list.js";
import { WeightedRanking } from "./ranking.js";

const SETTLE_MS = 250; // without a move of a slider, before sentence and table follow
const NO_ID = "00000000-0000-0000-0000-000000000000"; // stands for an id in the template's URL

class Panel {
  /** @param {HTMLDetailsElement} box */
  constructor(box) {
    this.box = box;
    this.words = sentences(required(box, "[data-whatif-words]"));
    this.sliders = all(box, "input[type=range]", HTMLInputElement);
    this.settleTimer = 0;
    /** @type {WeightedRanking | null} */
    this.ranking = null;
    box.addEventListener("toggle", () => box.open && this.load());
    box.addEventListener("input", () => this.draw());
    required(box, "[data-reset]").addEventListener("click", () => {
      for (const slider of this.sliders) slider.value = slider.dataset.was ?? "";
      this.draw();
    });
    if (box.open) this.load();
  }

  async load() {
    if (this.ranking) return;
    const waiting = required(this.box, "[data-wait]");
    const failed = required(this.box, "[data-failed]");
    waiting.hidden = false;
    failed.hidden = true;
    try {
      const response = await fetch(this.box.dataset.url ?? "");
      if (!response.ok) throw new Error(`${response.status}`);
      this.ranking = new WeightedRanking(await response.json());
    } catch {
      failed.hidden = false;
      return;
    } finally {
      waiting.hidden = true;
    }
    required(this.box, "[data-panel]").hidden = false;
    this.list = this.newList(this.ranking);
    this.draw();
  }

  /** @param {WeightedRanking} ranking */
  newList({ data, placesBefore }) {
    const { up, down } = this.words;
    const evaluationUrl = this.box.dataset.evaluationUrl ?? "";
    const rows = data.rows.map(([id, name]) => ({ name, url: evaluationUrl.replace(NO_ID, id) }));
    return new OrderList(required(this.box, "[data-order]"), { up, down }, rows, placesBefore);
  }

  draw() {
    for (const slider of this.sliders) {
      if (slider.nextElementSibling) slider.nextElementSibling.textContent = slider.value;
    }
    const weights = this.sliders.map((slider) => Number(slider.value));
    const isAllZero = !weights.some((weight) => weight > 0);
    this.showWarnings(isAllZero);
    if (isAllZero || !this.ranking) return;
    const { ranking } = this;
    ranking.weigh(weights);
    this.list?.show(ranking);
    clearTimeout(this.settleTimer);
    this.settleTimer = window.setTimeout(() => this.settle(ranking), SETTLE_MS);
  }

  /** @param {boolean} isAllZero */
  showWarnings(isAllZero) {
    const leavesOut = this.sliders.some(({ dataset, value }) =>
      dataset.key !== "role" && value === "0"
    );
    required(this.box, "[data-zero]").hidden = !isAllZero;
    const keepButton = optional(this.box, "[data-keep]", HTMLButtonElement);
    if (!keepButton) return;
    keepButton.disabled = isAllZero || leavesOut;
    required(this.box, "[data-left-out]").hidden = isAllZero || !leavesOut;
  }

  /**
   * Show what need not keep up with a slider: the order for readers, the sentence, the table.
   *
   * @param {WeightedRanking} ranking
   */
  settle(ranking) {
    this.list?.reorder();
    const best = ranking.hasMore
      ? ` ${this.words.best.replace("%n", String(ranking.data.rows.length))}`
      : "";
    setText(required(this.box, "[data-summary]"), this.summary(ranking) + best);
    this.drawSensitivity(ranking);
  }

  /** @param {WeightedRanking} ranking */
  summary(ranking) {
    const moved = ranking.movedCount();
    if (!moved) return this.words.same;
    const { entering, leaving } = difference(
      ranking.rankedBefore.slice(0, TOP_SIZE),
      ranking.ranked.slice(0, TOP_SIZE),
    );
    return this.words.moved
      .replace("%n", String(moved))
      .replace("%total", String(ranking.ranked.length))
      .replace("%in", () => this.names(ranking, entering))
      .replace("%out", () => this.names(ranking, leaving));
  }

  /** @param {WeightedRanking} ranking */
  drawSensitivity(ranking) {
    const lines = topSensitivity(ranking.data, ranking.weights).map((change) => {
      const line = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = change.name;
      line.append(head);
      const cells = [
        change.isMore ? this.words.more : this.words.less,
        this.names(ranking, change.entering),
        this.names(ranking, change.leaving),
      ];
      for (const text of cells) line.insertCell().textContent = text;
      return line;
    });
    required(this.box, "[data-top]").replaceChildren(...lines);
  }

  /**
   * @param {WeightedRanking} ranking
   * @param {number[]} rows
   */
  names({ data }, rows) {
    return rows.map((row) => data.rows[row][1]).join(", ") || this.words.nobody;
  }
}

function start() {
  const box = optional(document, "#whatif", HTMLDetailsElement);
  if (box) new Panel(box);
}

onHtmx("historyRestore", start);
start();
