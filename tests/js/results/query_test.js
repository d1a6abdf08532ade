// @ts-check
import assert from "node:assert/strict";
import { comparisonUrl, filtersOf, hasHiddenFilter } from "../../../static/js/results/query.js";

const QUERIES = [
  ["", ""],
  ["?must=met&sort=c2", "must=met&sort=c2"],
  ["?must=met&page=2", "must=met"],
  ["?page=2&must=met", "must=met"],
  ["?undo=1&page=2", ""],
  ["?must=met&undo=1&sort=c2", "must=met&sort=c2"],
  ["?q=homepage%3D1", "q=homepage%3D1"],
];

for (const [search, filters] of QUERIES) {
  Deno.test(`the filters of "${search}" are "${filters}"`, () => {
    assert.equal(filtersOf(search), filters);
  });
}

Deno.test("only filters that are folded away count as hidden", () => {
  assert.equal(hasHiddenFilter(new URLSearchParams("q=kafka&must=met&from=")), false);
  assert.equal(hasHiddenFilter(new URLSearchParams("q=kafka&from=70")), true);
});

Deno.test("the address of a comparison names each candidate in turn", () => {
  assert.equal(comparisonUrl("/compare/", ["a", "b"]), "/compare/?c=a&c=b");
});
