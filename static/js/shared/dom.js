// @ts-check
/** Typed look-ups in a page. They throw where a template and its script disagree. */

/**
 * Return the first element below `root` that matches `selector`, or throw.
 *
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} [type]
 * @returns {E}
 */
export function required(root, selector, type) {
  const element = optional(root, selector, type);
  if (!element) throw new Error(`The page has no ${selector}.`);
  return element;
}

/**
 * Return the first element below `root` that matches `selector`, or null.
 *
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} [type]
 * @returns {E | null}
 */
export function optional(root, selector, type) {
  const element = root.querySelector(selector);
  if (element && type && !(element instanceof type)) {
    throw new TypeError(`${selector} is no ${type.name}.`);
  }
  return /** @type {E | null} */ (element);
}

/**
 * Return all elements below `root` that match `selector`, in the order of the page.
 *
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} [_type] names the type for the checker
 * @returns {E[]}
 */
export function all(root, selector, _type) {
  return /** @type {E[]} */ ([...root.querySelectorAll(selector)]);
}

/**
 * Return the element that matches `selector` and holds the target of `event`, or null.
 *
 * @template {Element} [E=HTMLElement]
 * @param {Event} event
 * @param {string} selector
 * @param {new () => E} [_type] names the type for the checker
 * @returns {E | null}
 */
export function closest(event, selector, _type) {
  const { target } = event;
  return /** @type {E | null} */ (target instanceof Element ? target.closest(selector) : null);
}

/**
 * Return the sentences that a template gives a script in `data-` attributes, by their names.
 *
 * @param {HTMLElement} element
 */
export function sentences(element) {
  return /** @type {Record<string, string>} */ (element.dataset);
}

/**
 * Write `text` into `element` unless it is there: a live region would be read out again.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
