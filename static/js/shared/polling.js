// @ts-check
/** Answers to the parts of a page that refresh by themselves. */

/** @import { HtmxDetail } from "./htmx.js" */
import { onHtmx } from "./htmx.js";

/**
 * Tell whether the answer comes from another page than the one asked for.
 *
 * @param {string} answeredUrl "" where the answer never came
 * @param {string} requestPath
 * @param {string} base address of the page
 */
export function isRedirected(answeredUrl, requestPath, base) {
  if (!answeredUrl) return false;
  return new URL(answeredUrl).pathname !== new URL(requestPath, base).pathname;
}

/**
 * Keep an answer out of the page that does not belong there; return whether it may be swapped in.
 *
 * The session may end while a page polls: the answer is then the log-in page, which belongs into
 * the whole window. An unchanged part is answered without a body (304).
 *
 * @param {HtmxDetail} detail of `htmx:beforeSwap`
 */
export function mayBeSwapped(detail) {
  const { xhr, pathInfo } = detail;
  if (isRedirected(xhr.responseURL, pathInfo.requestPath, location.href)) {
    detail.shouldSwap = false;
    location.reload();
    return false;
  }
  if (xhr.status === 304) {
    detail.shouldSwap = false;
    return false;
  }
  return true;
}

/**
 * Call `show(true)` when a part of the page cannot be fetched, `show(false)` when one is answered.
 * The part is asked for again by its own clock.
 *
 * @param {(isLost: boolean, part: HTMLElement) => void} show
 */
export function watchConnection(show) {
  for (const name of ["sendError", "timeout"]) onHtmx(name, ({ elt }) => show(true, elt));
  onHtmx("beforeOnLoad", ({ elt, xhr }) => show(xhr.status >= 500, elt));
}
