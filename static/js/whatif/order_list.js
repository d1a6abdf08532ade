// @ts-check
/** The ranking with other weights, as a list of which only the part in view is drawn. */

import { setText } from "../shared/dom.js";

const ROW_HEIGHT_PX = 28; // as in results.css
const ROWS_BEYOND_VIEW = 50; // drawn above and below those in view

/**
 * @typedef {object} Item
 * @property {HTMLElement} item
 * @property {HTMLElement} place
 * @property {HTMLElement} move
 * @property {HTMLElement} score
 * @property {number} [shownMove] places up (above 0) or down that `move` shows
 *
 * @typedef {object} Ranking
 * @property {number[]} ranked indices of rows, the best first
 * @property {number[]} places of the rows, from 0
 * @property {number[]} scores of the rows
 */

export class OrderList {
  /**
   * @param {HTMLElement} list in an element that scrolls
   * @param {{ up: string, down: string }} words with %n for a number of places
   * @param {{ name: string, url: string }[]} rows
   * @param {number[]} placesBefore of the rows, which moves are counted from
   */
  constructor(list, words, rows, placesBefore) {
    this.list = list;
    this.view = /** @type {HTMLElement} */ (list.parentElement);
    this.words = words;
    this.placesBefore = placesBefore;
    this.items = rows.map(({ name, url }) => newItem(name, url, rows.length));
    /** @type {number[]} rows that are drawn */
    this.drawn = [];
    /** @type {Ranking | null} */
    this.ranking = null;
    list.style.height = `${ROW_HEIGHT_PX * rows.length}px`;
    this.view.addEventListener("scroll", () => this.draw());
  }

  /** @param {Ranking} ranking */
  show(ranking) {
    this.ranking = ranking;
    this.draw();
  }

  // A thousand rows would not keep up with a slider.
  draw() {
    if (!this.ranking) return;
    const { ranked, places, scores } = this.ranking;
    const { scrollTop, clientHeight } = this.view;
    const first = Math.floor(scrollTop / ROW_HEIGHT_PX) - ROWS_BEYOND_VIEW;
    const last = Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT_PX) + ROWS_BEYOND_VIEW;
    const visible = ranked.slice(Math.max(first, 0), last);
    const stay = new Set(visible);
    for (const row of this.drawn) {
      if (!stay.has(row)) this.items[row].item.remove();
    }
    for (const row of visible) {
      this.place(row, places[row], scores[row]);
      const { item } = this.items[row];
      if (!item.isConnected) this.list.append(item);
    }
    this.drawn = visible;
  }

  /**
   * @param {number} row
   * @param {number} place
   * @param {number} score
   */
  place(row, place, score) {
    const shown = this.items[row];
    shown.item.style.transform = `translateY(${ROW_HEIGHT_PX * place}px)`;
    shown.item.setAttribute("aria-posinset", String(place + 1));
    setText(shown.place, String(place + 1));
    setText(shown.score, score.toFixed(1));
    const placesUp = this.placesBefore[row] - place;
    if (shown.shownMove === placesUp) return;
    shown.shownMove = placesUp;
    this.drawMove(shown.move, placesUp);
  }

  /**
   * @param {HTMLElement} element
   * @param {number} placesUp
   */
  drawMove(element, placesUp) {
    const number = Math.abs(placesUp);
    element.className = placesUp > 0 ? "up" : placesUp < 0 ? "down" : "";
    element.textContent = placesUp > 0 ? `▲${number}` : placesUp < 0 ? `▼${number}` : "";
    if (placesUp) {
      const words = placesUp > 0 ? this.words.up : this.words.down;
      element.setAttribute("aria-label", words.replace("%n", String(number)));
      element.setAttribute("role", "img");
    } else {
      element.removeAttribute("aria-label");
      element.removeAttribute("role");
    }
  }

  /** Put the elements into the order that readers and Tab follow; the focus and the view stay. */
  reorder() {
    const focused = document.activeElement;
    const { scrollTop } = this.view;
    this.list.replaceChildren(...this.drawn.map((row) => this.items[row].item));
    if (focused instanceof HTMLElement && this.list.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
    this.view.scrollTop = scrollTop;
  }
}

/**
 * @param {string} name
 * @param {string} url
 * @param {number} count of all rows
 * @returns {Item}
 */
function newItem(name, url, count) {
  const item = document.createElement("li");
  item.setAttribute("aria-setsize", String(count));
  const place = document.createElement("span");
  place.className = "is";
  const move = document.createElement("span");
  const link = document.createElement("a");
  link.href = url;
  link.textContent = name;
  const score = document.createElement("span");
  score.className = "points";
  item.append(place, move, link, score);
  return { item, place, move, score };
}
