// @ts-check
/** How long to wait before the next attempt. */

/**
 * Return a delay twice as long as the one before, within bounds; 0 stands for "none before".
 *
 * @param {number} previousMs
 * @param {{ minMs: number, maxMs: number }} bounds
 */
export function nextDelay(previousMs, { minMs, maxMs }) {
  return Math.min(maxMs, Math.max(minMs, previousMs * 2));
}
