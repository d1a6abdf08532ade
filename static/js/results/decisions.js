// @ts-check
/** Decisions that can be undone, the last one first. */

import { optional, required } from "../shared/dom.js";
import { post } from "../shared/htmx.js";

/** @type {string[]} ids of decisions, the last at the end */
const decisionIds = [];

/** Remember the decision that the page offers to undo. */
export function rememberDecision() {
  const id = optional(document, "#results form[data-undo]")?.dataset.undo;
  if (id !== undefined && decisionIds.at(-1) !== id) decisionIds.push(id);
}

/** Undo the last decision that this page remembers. */
export function undoLastDecision() {
  const act = decisionIds.pop();
  if (!act) return;
  const form = required(document, "#decide", HTMLFormElement);
  const { csrfmiddlewaretoken, query, page } = Object.fromEntries(new FormData(form));
  const values = { act, csrfmiddlewaretoken, query, page };
  post(form.dataset.undoUrl ?? "", "#results", values);
}
