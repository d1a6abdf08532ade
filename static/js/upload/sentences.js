// @ts-check
/** What the page says of an upload, from sentences that the template gives. */

/** @import { Outcome } from "./retry.js" */
import { fillIn } from "../shared/text.js";

const MAX_SECONDS_SHOWN = 90; // longer times are shown in minutes
const BYTES_PER_KB = 1e3;
const BYTES_PER_MB = 1e6;

/**
 * @typedef {Record<Outcome, number>} Counts
 * @typedef {"running" | "stopped" | "done"} State
 */

/**
 * Return how many files were taken in, and how many were not.
 *
 * @param {State} state
 * @param {Counts} counts
 * @param {number} total
 * @param {Record<string, string>} words
 */
export function statusSentence(state, counts, total, words) {
  const head = { running: words.going, stopped: words.stopped, done: words.done }[state];
  const parts = [fillIn(head, { accepted: counts.accepted, total })];
  if (counts.duplicate) parts.push(fillIn(words.there, { n: counts.duplicate }));
  if (counts.refused) parts.push(fillIn(words.refused, { n: counts.refused }));
  if (counts.failed) parts.push(fillIn(words.failed, { n: counts.failed }));
  return `${parts.join(", ")}.`;
}

/**
 * Return how fast it goes and how long it takes.
 *
 * @param {{ bytesPerSecond: number, secondsLeft: number }} estimate
 * @param {Record<string, string>} words
 * @param {(number: number) => string} format writes a whole number
 */
export function paceSentence({ bytesPerSecond, secondsLeft }, words, format) {
  const speed = bytesPerSecond < BYTES_PER_MB
    ? `${format(Math.round(bytesPerSecond / BYTES_PER_KB))} kB`
    : `${(bytesPerSecond / BYTES_PER_MB).toFixed(1)} MB`;
  const left = secondsLeft < MAX_SECONDS_SHOWN
    ? fillIn(words.seconds, { n: secondsLeft })
    : fillIn(words.minutes, { n: Math.round(secondsLeft / 60) });
  return fillIn(words.pace, { speed, left });
}
