// "What if the weights were different?": scores and places computed here, by the arithmetic of
// candidates/scoring/rank.py, from ratings that are fetched once.
const ROW = 28; // px, as in results.css
const BEYOND = 50; // rows that are drawn above and below those in view
const TOP = 10;
const PART = 0.2;

// Python's sum() of floats compensates for what rounding loses; the same scores need the same sum.
function sum(numbers) {
  let total = 0;
  let lost = 0;
  for (const one of numbers) {
    const next = total + one;
    lost += Math.abs(total) >= Math.abs(one) ? total - next + one : one - next + total;
    total = next;
  }
  return lost ? total + lost : total;
}

// Like Python's round(score, 1): of two that are as near, the even one. Only quarters lie so.
function round(score) {
  const floor = Math.floor(score);
  return score - floor === 0.25 ? Number(`${floor}.2`) : Number(score.toFixed(1));
}

export function scores(told, weights) {
  const total = weights.reduce((all, one) => all + one, 0);
  const must = told.criteria.flatMap((one, at) => (one.must ? [at] : []));
  return told.rows.map(([, , ratings]) => {
    const mean = sum(ratings.map((rating, at) => weights[at] * rating)) / total;
    const score = (100 * mean) / told.strongest;
    return round(must.some((at) => ratings[at] < told.unclearFrom) ? Math.min(score, told.cap) : score);
  });
}

// Indices of the rows, the best first. They come in the order that breaks ties.
export function order(points) {
  return points.map((_, at) => at).sort((a, b) => points[b] - points[a] || a - b);
}

function topTen(told, weights) {
  return weights.some((one) => one > 0) ? order(scores(told, weights)).slice(0, TOP) : [];
}

class Panel {
  constructor(box) {
    this.box = box;
    this.words = box.querySelector("[data-whatif-words]").dataset;
    this.sliders = [...box.querySelectorAll("input[type=range]")];
    this.summary = box.querySelector("[data-summary]");
    box.addEventListener("toggle", () => box.open && this.fetch());
    box.addEventListener("input", () => this.draw());
    box.querySelector("[data-reset]").addEventListener("click", () => {
      for (const slider of this.sliders) slider.value = slider.dataset.was;
      this.draw();
    });
    if (box.open) this.fetch();
  }

  async fetch() {
    if (this.told) return;
    const wait = this.box.querySelector("[data-wait]");
    const failed = this.box.querySelector("[data-failed]");
    wait.hidden = false;
    failed.hidden = true;
    try {
      const answer = await fetch(this.box.dataset.url);
      if (!answer.ok) throw new Error(answer.status);
      this.told = await answer.json();
    } catch {
      failed.hidden = false;
      return;
    } finally {
      wait.hidden = true;
    }
    this.box.querySelector("[data-panel]").hidden = false;
    this.was = order(scores(this.told, this.told.criteria.map((one) => one.weight)));
    this.wasAt = [];
    this.was.forEach((row, at) => (this.wasAt[row] = at));
    this.fill();
    this.draw();
  }

  weights() {
    return this.sliders.map((slider) => Number(slider.value));
  }

  fill() {
    const list = this.box.querySelector("[data-order]");
    list.style.height = `${ROW * this.told.rows.length}px`;
    this.items = this.told.rows.map(([id, name]) => {
      const item = document.createElement("li");
      item.setAttribute("aria-setsize", this.told.rows.length);
      const at = document.createElement("span");
      at.className = "is";
      const moved = document.createElement("span");
      const link = document.createElement("a");
      link.href = `/evaluations/${id}/`;
      link.textContent = name;
      const points = document.createElement("span");
      points.className = "points";
      item.append(at, moved, link, points);
      return { item, at, moved, points };
    });
    list.parentElement.addEventListener("scroll", () => this.show());
  }

  draw() {
    const weights = this.weights();
    for (const slider of this.sliders) slider.nextElementSibling.textContent = slider.value;
    const none = !weights.some((one) => one > 0);
    const left = this.sliders.some((one) => one.dataset.key !== "role" && one.value === "0");
    this.box.querySelector("[data-zero]").hidden = !none;
    const keep = this.box.querySelector("[data-keep]");
    if (keep) {
      keep.disabled = none || left;
      this.box.querySelector("[data-left-out]").hidden = none || !left;
    }
    if (none) return;
    const points = scores(this.told, weights);
    this.now = order(points);
    this.points = points;
    this.nowAt = [];
    this.now.forEach((row, at) => (this.nowAt[row] = at));
    this.show();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settle(weights), 250);
  }

  // Only who is in view, or was, is drawn: a thousand rows would not keep up with a slider.
  show() {
    const list = this.box.querySelector("[data-order]");
    const view = list.parentElement;
    const first = Math.floor(view.scrollTop / ROW) - BEYOND;
    const last = Math.ceil((view.scrollTop + view.clientHeight) / ROW) + BEYOND;
    const shown = this.now.slice(Math.max(first, 0), last);
    const before = this.shown ?? [];
    const wanted = new Set(shown);
    for (const row of before) {
      if (!wanted.has(row)) this.items[row].item.remove();
    }
    for (const row of shown) {
      this.put(row, this.nowAt[row], this.points[row]);
      if (!this.items[row].item.isConnected) list.append(this.items[row].item);
    }
    this.shown = shown;
  }

  put(row, at, points) {
    const shown = this.items[row];
    const by = this.wasAt[row] - at;
    shown.item.style.transform = `translateY(${ROW * at}px)`;
    shown.item.setAttribute("aria-posinset", at + 1);
    write(shown.at, String(at + 1));
    write(shown.points, points.toFixed(1));
    if (shown.by === by) return;
    shown.by = by;
    shown.moved.className = by > 0 ? "up" : by < 0 ? "down" : "";
    shown.moved.textContent = by > 0 ? `▲${by}` : by < 0 ? `▼${-by}` : "";
    if (by) shown.moved.setAttribute("aria-label", (by > 0 ? this.words.up : this.words.down).replace("%n", Math.abs(by)));
    else shown.moved.removeAttribute("aria-label");
    if (by) shown.moved.setAttribute("role", "img");
    else shown.moved.removeAttribute("role");
  }

  // What need not keep up with a slider: the order for readers, the sentence, the table.
  settle(weights) {
    const list = this.box.querySelector("[data-order]");
    const held = document.activeElement;
    const at = list.parentElement.scrollTop;
    list.replaceChildren(...this.shown.map((row) => this.items[row].item));
    if (list.contains(held)) held.focus({ preventScroll: true });
    list.parentElement.scrollTop = at;
    const moved = this.now.filter((row, place) => this.wasAt[row] !== place).length;
    const { enter, leave } = this.change(this.was.slice(0, TOP), this.now.slice(0, TOP));
    const best = this.told.total > this.told.rows.length ? ` ${this.words.best.replace("%n", this.told.rows.length)}` : "";
    const text = moved
      ? this.words.moved.replace("%n", moved).replace("%total", this.now.length).replace("%in", () => enter).replace("%out", () => leave)
      : this.words.same;
    write(this.summary, text + best);
    this.top(weights);
  }

  change(before, after) {
    const names = (rows) => rows.map((row) => this.told.rows[row][1]).join(", ") || this.words.nobody;
    return {
      enter: names(after.filter((row) => !before.includes(row))),
      leave: names(before.filter((row) => !after.includes(row))),
    };
  }

  top(weights) {
    const now = this.now.slice(0, TOP);
    const lines = this.told.criteria.flatMap((criterion, at) =>
      [1 + PART, 1 - PART].map((factor) => {
        const other = weights.map((weight, place) => (place === at ? weight * factor : weight));
        const { enter, leave } = this.change(now, topTen(this.told, other));
        const line = document.createElement("tr");
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = criterion.name;
        line.append(head);
        for (const text of [factor > 1 ? this.words.more : this.words.less, enter, leave]) {
          line.insertCell().textContent = text;
        }
        return line;
      }),
    );
    this.box.querySelector("[data-top]").replaceChildren(...lines);
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function begin() {
  const box = document.getElementById("whatif");
  if (box) new Panel(box);
}

document.addEventListener("htmx:historyRestore", begin);
begin();
