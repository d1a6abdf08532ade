// @ts-check
/** The query of the ranking's address: filters, the page, and what can be undone. */

const HIDDEN_FILTERS = ["status", "from", "to", "flag", "by", "least"]; // below "More filters"

/**
 * Return the filters of a query, without the page and the undo.
 *
 * @param {string} search as in `location.search`
 */
export function filtersOf(search) {
  return search.slice(1).replace(/(^|&)(page|undo)=[^&]*/g, "").replace(/^&/, "");
}

/**
 * Tell whether a query has a filter that is folded away.
 *
 * @param {URLSearchParams} params
 */
export function hasHiddenFilter(params) {
  return HIDDEN_FILTERS.some((name) => params.get(name));
}

/**
 * Return the address of the comparison of these evaluations.
 *
 * @param {string} url
 * @param {string[]} ids
 */
export function comparisonUrl(url, ids) {
  return `${url}?${new URLSearchParams(ids.map((id) => ["c", id]))}`;
}
