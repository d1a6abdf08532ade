// @ts-check
/** Waiting, also for an event or until the upload is stopped. */

/** @param {number} ms */
export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Wait until `ms` are over, `signal` is aborted or the window fires `event`.
 *
 * @param {number} ms
 * @param {AbortSignal} signal
 * @param {string} [event]
 * @returns {Promise<void>}
 */
export function waitUnless(ms, signal, event) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (event) window.removeEventListener(event, end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    if (event) window.addEventListener(event, end);
  });
}
