// @ts-check
import assert from "node:assert/strict";
import { nextDelay } from "../../../static/js/shared/retry.js";

Deno.test("a delay doubles from the lowest to the highest", () => {
  const delays = [];
  let delay = 0;
  for (let attempt = 0; attempt < 6; attempt += 1) {
    delay = nextDelay(delay, { minMs: 2_000, maxMs: 30_000 });
    delays.push(delay);
  }
  assert.deepEqual(delays, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});
