// @ts-check
/**
 * What an answer to a request means, and whether the request is sent again.
 *
 * @typedef {{ name: string, outcome: Outcome, reason: string }} FileAnswer
 * @typedef {"accepted" | "duplicate" | "refused" | "failed"} Outcome
 *
 * @typedef {{ kind: "answered", files: FileAnswer[] }} Answered
 * @typedef {{ kind: "refused" | "busy", status: number, reason: string }} Rejected
 * @typedef {{ kind: "lost" }} Lost the connection broke before an answer came
 * @typedef {{ kind: "aborted" }} Aborted by the user
 * @typedef {Answered | Rejected | Lost | Aborted} Answer
 *
 * @typedef {object} Words sentences of the page
 * @property {string} ended the session or the permission has ended
 * @property {string} gone the draft is erased
 * @property {string} server the server did not take it, with {status}
 */

import { nextDelay } from "../shared/retry.js";
import { fillIn } from "../shared/text.js";

const BUSY_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);
const BUSY_DELAYS_MS = [1_000, 3_000, 8_000, 20_000]; // before each further attempt
export const OFFLINE_DELAY_MS = { minMs: 1_000, maxMs: 30_000 };

/**
 * Tell what the server has answered.
 *
 * @param {number} status of HTTP
 * @param {string} text of the answer
 * @param {Words} words
 * @returns {Answered | Rejected}
 */
export function understand(status, text, words) {
  const body = parse(text);
  if (status === 200 && body?.files) return { kind: "answered", files: body.files };
  // The log-in page is an answer of 200 as well.
  if (status === 200 || status === 403) return { kind: "refused", status, reason: words.ended };
  if (status === 404) return { kind: "refused", status, reason: words.gone };
  const kind = BUSY_STATUSES.has(status) ? "busy" : "refused";
  return { kind, status, reason: body?.error || fillIn(words.server, { status }) };
}

/**
 * @param {string} text
 * @returns {{ files?: FileAnswer[], error?: string } | null}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a page of HTML, or of a proxy
  }
}

/** Counts the attempts of one request and decides about the next. */
export class RetryPolicy {
  busyAttempts = 0;
  offlineDelayMs = 0;

  /**
   * Return how to wait before the next attempt, or null to give up. A lost connection is waited
   * out for as long as it takes.
   *
   * @param {Rejected | Lost} answer
   * @returns {{ delayMs: number, isOffline: boolean } | null}
   */
  decide({ kind }) {
    if (kind === "lost") {
      this.offlineDelayMs = nextDelay(this.offlineDelayMs, OFFLINE_DELAY_MS);
      return { delayMs: this.offlineDelayMs, isOffline: true };
    }
    if (kind === "busy" && this.busyAttempts < BUSY_DELAYS_MS.length) {
      return { delayMs: BUSY_DELAYS_MS[this.busyAttempts++], isOffline: false };
    }
    return null;
  }
}

/**
 * Return the answer for each file of a batch, or null for one that the server did not name: nothing
 * usable was left of its name.
 *
 * @param {string[]} names of the files, in the order of sending
 * @param {FileAnswer[]} answers
 */
export function matchAnswers(names, answers) {
  if (answers.length === names.length) return answers;
  const byName = new Map(answers.map((answer) => [answer.name, answer]));
  return names.map((name) => byName.get(name) ?? null);
}
