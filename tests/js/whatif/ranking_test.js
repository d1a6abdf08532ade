// @ts-check
import assert from "node:assert/strict";
import { WeightedRanking } from "../../../static/js/whatif/ranking.js";

Deno.test("moves are counted from the ranking as it was", () => {
  const ranking = new WeightedRanking({
    criteria: [
      { key: "role", name: "Role", weight: 1, must: false },
      { key: "c1", name: "Python", weight: 0, must: false },
    ],
    strongest: 4,
    cap: 49,
    unclearFrom: 1,
    total: 10,
    rows: [["x", "Ada", [1, 3]], ["y", "Ben", [4, 2]], ["z", "Cleo", [2, 0]]],
  });
  assert.deepEqual(ranking.ranked, [1, 2, 0]);
  assert.equal(ranking.hasMore, true);
  assert.equal(ranking.movedCount(), 0);

  ranking.weigh([0, 1]);

  assert.deepEqual(ranking.ranked, [0, 1, 2]);
  assert.deepEqual(ranking.scores, [75, 50, 0]);
  assert.deepEqual(ranking.placesBefore, [2, 0, 1]);
  assert.equal(ranking.movedCount(), 3);

  ranking.weigh([2, 0]);
  assert.equal(ranking.movedCount(), 0);
});
