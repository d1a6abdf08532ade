// @ts-check
/** Sentences with placeholders, and numbers as the reader's language writes them. */

/**
 * Replace each `{name}` of `template` by the value of that name.
 *
 * @param {string} template
 * @param {Record<string, string | number>} values
 */
export function fillIn(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * Return a number with the separators of the page's language.
 *
 * @param {number} number
 */
export function formatNumber(number) {
  return number.toLocaleString(document.documentElement.lang);
}
