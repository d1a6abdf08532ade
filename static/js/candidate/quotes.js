// @ts-check
/** From a quote beside a rating to its mark in the résumé, and back. */

import { all, optional } from "../shared/dom.js";

/** @typedef {HTMLElement | SVGElement} Mark */

/** @type {HTMLAnchorElement | null} the link of the quote that was followed last */
let followedLink = null;

/**
 * Return the boxes of one quote on a page, or its stretches in the text. The first has its id.
 *
 * @param {Mark} mark
 * @returns {Element[]}
 */
function partsOf(mark) {
  if (mark.dataset.quote) return all(document, `#pane [data-quote="${mark.dataset.quote}"]`);
  return [mark.matches("mark") ? mark : mark.nextElementSibling ?? mark];
}

function clearMarks() {
  for (const part of all(document, "#pane .current")) part.classList.remove("current");
  optional(document, "a.quote[aria-current]")?.removeAttribute("aria-current");
}

/** @param {boolean} isShown */
function showBackButton(isShown) {
  const button = document.getElementById("back");
  if (button) button.hidden = !isShown;
}

/**
 * Show and focus the mark that a link leads to; return false where the page does not show it.
 *
 * @param {HTMLAnchorElement} link
 */
export function goToQuote(link) {
  const id = link.hash.slice(1);
  const mark = /** @type {Mark | null} */ (id ? document.getElementById(id) : null);
  if (!mark) return false;
  clearMarks();
  followedLink = link;
  link.setAttribute("aria-current", "true");
  for (const part of partsOf(mark)) part.classList.add("current");
  mark.closest("details")?.setAttribute("open", "");
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  mark.focus({ preventScroll: true });
  mark.scrollIntoView({ block: "center", behavior: isCalm ? "auto" : "smooth" });
  showBackButton(true);
  return true;
}

/** Show the mark of the last quote again, after the résumé was swapped for another view of it. */
export function restoreQuote() {
  if (followedLink) goToQuote(followedLink);
}

/** Go back from a mark to the quote whose link led there. */
export function goBack() {
  if (!followedLink) return;
  followedLink.focus({ preventScroll: true });
  followedLink.scrollIntoView({ block: "center" });
  showBackButton(false);
}
