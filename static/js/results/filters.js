// @ts-check
/** Filters without a reload: form, address, saved views and results stay the same. */

import { all, required } from "../shared/dom.js";
import { filtersOf, hasHiddenFilter } from "./query.js";

/**
 * Follow a link that filters by filling in the form.
 *
 * @param {HTMLAnchorElement} link
 */
export function followFilter(link) {
  const form = required(document, "form[data-filters]", HTMLFormElement);
  const params = new URL(link.href).searchParams;
  /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */
  const fields = form.querySelectorAll("input[name], select[name]");
  for (const field of fields) {
    field.value = params.get(field.name) ?? "";
  }
  required(form, "details.more", HTMLDetailsElement).open ||= hasHiddenFilter(params);
  form.requestSubmit();
}

/** Show which saved view the address is, and put its filters where a view is saved. */
export function showFilters() {
  const query = filtersOf(location.search);
  for (const field of all(document, "[data-present-query]", HTMLInputElement)) field.value = query;
  for (const link of all(document, ".views [data-query]")) {
    if (link.dataset.query === query) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
