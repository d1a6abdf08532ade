// @ts-check
import assert from "node:assert/strict";
import { matchAnswers, RetryPolicy, understand } from "../../../static/js/upload/retry.js";

/** @import { FileAnswer } from "../../../static/js/upload/retry.js" */

const WORDS = { ended: "Log in.", gone: "It is gone.", server: "The server said {status}." };
const ACCEPTED = JSON.stringify({ files: [{ name: "a", outcome: "accepted", reason: "" }] });

/** @type {[number, string, string, string][]} status, text, kind, reason */
const ANSWERS = [
  [200, "<html>log in</html>", "refused", "Log in."],
  [200, "{}", "refused", "Log in."],
  [200, "null", "refused", "Log in."],
  [403, '{"error": "No."}', "refused", "Log in."],
  [404, "<html>", "refused", "It is gone."],
  [400, '{"error": "No."}', "refused", "No."],
  [400, "<html>", "refused", "The server said 400."],
  [409, '{"error": "Other pieces."}', "refused", "Other pieces."],
  [413, "", "refused", "The server said 413."],
  [500, "<html>", "busy", "The server said 500."],
  [429, '{"error": "Slow down."}', "busy", "Slow down."],
  ...[408, 425, 502, 503, 504].map((
    status,
  ) => /** @type {[number, string, string, string]} */ ([
    status,
    "",
    "busy",
    `The server said ${status}.`,
  ])),
];

for (const [status, text, kind, reason] of ANSWERS) {
  Deno.test(`${status} with ${text || "nothing"} is ${kind}`, () => {
    assert.deepEqual(understand(status, text, WORDS), { kind, status, reason });
  });
}

Deno.test("200 with files is the answer", () => {
  const files = [{ name: "a", outcome: "accepted", reason: "" }];
  assert.deepEqual(understand(200, ACCEPTED, WORDS), { kind: "answered", files });
});

Deno.test("a busy server is asked four times more, after longer and longer", () => {
  const policy = new RetryPolicy();
  const busy = /** @type {const} */ ({ kind: "busy", status: 503, reason: "" });
  const delays = Array.from({ length: 5 }, () => policy.decide(busy)?.delayMs ?? null);
  assert.deepEqual(delays, [1_000, 3_000, 8_000, 20_000, null]);
});

Deno.test("a lost connection is waited out for ever, at most 30 s at a time", () => {
  const policy = new RetryPolicy();
  const delays = Array.from({ length: 8 }, () => policy.decide({ kind: "lost" }));
  assert.deepEqual(delays.map((retry) => retry?.delayMs), [
    1_000,
    2_000,
    4_000,
    8_000,
    16_000,
    30_000,
    30_000,
    30_000,
  ]);
  assert(delays.every((retry) => retry?.isOffline));
});

Deno.test("lost connections and a busy server are counted apart; a refusal ends it", () => {
  const policy = new RetryPolicy();
  policy.decide({ kind: "lost" });
  policy.decide({ kind: "lost" });
  const status = 503;
  assert.deepEqual(policy.decide({ kind: "busy", status, reason: "" }), {
    delayMs: 1_000,
    isOffline: false,
  });
  assert.deepEqual(policy.decide({ kind: "lost" }), { delayMs: 4_000, isOffline: true });
  assert.equal(policy.decide({ kind: "refused", status: 400, reason: "" }), null);
});

/**
 * @param {string} name
 * @returns {FileAnswer}
 */
const answer = (name) => ({ name, outcome: "accepted", reason: "" });

Deno.test("answers belong to files by their place, though names may have been cleaned", () => {
  const answers = [answer("a_b.txt"), answer("c.txt")];
  assert.deepEqual(matchAnswers(["a/b.txt", "c.txt"], answers), answers);
});

Deno.test("where one is missing the others are found by their names", () => {
  const answers = [answer("a.txt"), answer("c.txt")];
  assert.deepEqual(matchAnswers(["a.txt", "…", "c.txt"], answers), [answers[0], null, answers[1]]);
});
