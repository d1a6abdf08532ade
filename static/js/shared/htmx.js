// @ts-check
/**
 * The parts of htmx that the scripts use, with types. htmx itself is a plain script before them.
 * https://htmx.org/reference/#events
 *
 * @typedef {object} HtmxDetail what an event of htmx carries; not every event has every field
 * @property {HTMLElement} elt the element that asks
 * @property {HTMLElement} target the element that is replaced or filled
 * @property {XMLHttpRequest} xhr
 * @property {{ requestPath: string }} pathInfo
 * @property {{ verb: string }} requestConfig
 * @property {Record<string, string>} headers of the request
 * @property {boolean} shouldSwap may be written
 * @property {boolean} isError may be written
 *
 * @typedef {object} Htmx
 * @property {(target: string | Element, name: string) => void} trigger
 * @property {(verb: string, url: string, context: { target: string, values: object }) => void} ajax
 */

const htmx = () => /** @type {typeof globalThis & { htmx: Htmx }} */ (globalThis).htmx;

/**
 * Fire an event at an element, on which its `hx-trigger` may wait.
 *
 * @param {string | Element} target
 * @param {string} name
 */
export function trigger(target, name) {
  htmx().trigger(target, name);
}

/**
 * Send `values` to `url` and put the answer into `target`.
 *
 * @param {string} url
 * @param {string} target
 * @param {object} values
 */
export function post(url, target, values) {
  htmx().ajax("POST", url, { target, values });
}

/**
 * Listen to an event of htmx, named without its prefix `htmx:`.
 *
 * @param {string} name
 * @param {(detail: HtmxDetail, event: CustomEvent<HtmxDetail>) => void} listener
 */
export function onHtmx(name, listener) {
  document.addEventListener(`htmx:${name}`, (event) => {
    const htmxEvent = /** @type {CustomEvent<HtmxDetail>} */ (event);
    listener(htmxEvent.detail, htmxEvent);
  });
}
