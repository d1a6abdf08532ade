// @ts-check
import assert from "node:assert/strict";
import { fillIn } from "../../../static/js/shared/text.js";

Deno.test("placeholders are filled in, and values are not looked through again", () => {
  const sentence = fillIn("{name} is at {place} of {count}.", {
    name: "{place} $&",
    place: 1,
    count: 3,
  });
  assert.equal(sentence, "{place} $& is at 1 of 3.");
});
