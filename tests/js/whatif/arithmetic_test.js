// @ts-check
/** That both sides agree is held in tests/browser/test_results.py, with Python's own answers. */
import assert from "node:assert/strict";
import {
  compensatedSum,
  difference,
  placesOf,
  rankedRows,
  roundToTenth,
  scoresWith,
  topSensitivity,
} from "../../../static/js/whatif/arithmetic.js";

/** @import { RatingsData } from "../../../static/js/whatif/arithmetic.js" */

/**
 * @param {number[][]} ratings of each row
 * @param {number[]} [mustHaves] indices of criteria
 * @returns {RatingsData}
 */
function ratingsData(ratings, mustHaves = []) {
  const criteria = ratings[0].map((_, index) => ({
    key: `c${index}`,
    name: `Criterion ${index}`,
    weight: 1,
    must: mustHaves.includes(index),
  }));
  return {
    criteria,
    strongest: 4,
    cap: 49,
    unclearFrom: 1,
    total: ratings.length,
    rows: ratings.map((row, index) => [`id${index}`, `Person ${index}`, row]),
  };
}

Deno.test("a sum loses nothing to rounding, as Python's", () => {
  assert.equal(compensatedSum([0.1, 0.2, 0.3]), 0.6); // plain addition gives 0.6000000000000001
  assert.equal(compensatedSum(Array(10).fill(0.1)), 1); // and 0.9999999999999999
  assert.equal(compensatedSum([1, 1e100, 1, -1e100]), 2); // and 0
  assert.equal(compensatedSum([]), 0);
});

/** @type {[number, number][]} a score and what Python's round(score, 1) gives */
const ROUNDED = [
  [62.25, 62.2],
  [62.75, 62.8],
  [0.25, 0.2],
  [0.05, 0.1],
  [0.15, 0.1],
  [99.95, 100],
  [62.35, 62.4],
  [62.45, 62.5],
  [100, 100],
  [0, 0],
];

for (const [score, rounded] of ROUNDED) {
  Deno.test(`${score} is rounded to ${rounded}`, () => assert.equal(roundToTenth(score), rounded));
}

Deno.test("a score is the weighted mean of the ratings, of 100", () => {
  const data = ratingsData([[4, 0], [2, 4]]);
  assert.deepEqual(scoresWith(data, [1, 1]), [50, 75]);
  assert.deepEqual(scoresWith(data, [3, 1]), [75, 62.5]);
  assert.deepEqual(scoresWith(data, [0, 2]), [0, 100]);
});

Deno.test("a must-have that is not found caps the score, one that is unclear does not", () => {
  const data = ratingsData([[4, 0.9], [4, 1], [1, 0.5]], [1]);
  assert.deepEqual(scoresWith(data, [9, 1]), [49, 92.5, 23.8]);
});

Deno.test("ties are in the order of the rows", () => {
  assert.deepEqual(rankedRows([50, 70, 50, 90]), [3, 1, 0, 2]);
  assert.deepEqual(placesOf([3, 1, 0, 2]), [2, 1, 3, 0]);
});

Deno.test("the difference of two lists is who enters and who leaves", () => {
  assert.deepEqual(difference([1, 2, 3], [3, 4, 1]), { entering: [4], leaving: [2] });
});

Deno.test("a weight that moves by a fifth may change the top ten", () => {
  // Nine are ahead of all; the last two change places with the weight of the first criterion.
  const ahead = Array.from({ length: 9 }, () => [4, 4]);
  const data = ratingsData([...ahead, [3, 2], [2, 3.1]]);

  assert.deepEqual(topSensitivity(data, [5, 5]), [
    { name: "Criterion 0", isMore: true, entering: [9], leaving: [10] },
    { name: "Criterion 0", isMore: false, entering: [], leaving: [] },
    { name: "Criterion 1", isMore: true, entering: [], leaving: [] },
    { name: "Criterion 1", isMore: false, entering: [9], leaving: [10] },
  ]);
});

Deno.test("with one weight only nothing changes, and with none there is no top", () => {
  const data = ratingsData(Array.from({ length: 11 }, (_, row) => [row / 4, 1]));
  for (const weights of [[5, 0], [0, 0]]) {
    const changes = topSensitivity(data, weights);
    assert.equal(changes.length, 4);
    assert(changes.every(({ entering, leaving }) => !entering.length && !leaving.length));
  }
});
