// @ts-check
import assert from "node:assert/strict";
import { paceSentence, statusSentence } from "../../../static/js/upload/sentences.js";

const WORDS = {
  going: "{accepted} of {total} files added",
  stopped: "Stopped: {accepted} of {total} files added",
  done: "Done: {accepted} of {total} files added",
  there: "{n} there already",
  refused: "{n} refused",
  failed: "{n} not sent",
  pace: "{speed} a second, about {left} left",
  seconds: "{n} s",
  minutes: "{n} min",
};
const NONE = { accepted: 0, duplicate: 0, refused: 0, failed: 0 };

Deno.test("the status counts what was not taken in, where there is any", () => {
  assert.equal(statusSentence("running", NONE, 4, WORDS), "0 of 4 files added.");
  const counts = { accepted: 1, duplicate: 1, refused: 2, failed: 3 };
  assert.equal(
    statusSentence("done", counts, 7, WORDS),
    "Done: 1 of 7 files added, 1 there already, 2 refused, 3 not sent.",
  );
  assert.equal(
    statusSentence("stopped", { ...NONE, failed: 1 }, 7, WORDS),
    "Stopped: 0 of 7 files added, 1 not sent.",
  );
});

/** @type {[number, number, string][]} */
const PACES = [
  [1_400, 89, "1 kB a second, about 89 s left"],
  [999_400, 90, "999 kB a second, about 2 min left"],
  [1_000_000, 149, "1.0 MB a second, about 2 min left"],
  [12_340_000, 3_600, "12.3 MB a second, about 60 min left"],
];

for (const [bytesPerSecond, secondsLeft, sentence] of PACES) {
  Deno.test(sentence, () => {
    assert.equal(paceSentence({ bytesPerSecond, secondsLeft }, WORDS, String), sentence);
  });
}
