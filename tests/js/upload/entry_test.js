// @ts-check
import assert from "node:assert/strict";
import { newEntry, retriedEntry, uuid, uuidOf } from "../../../static/js/upload/entry.js";

Deno.test("16 bytes make a UUID of version 4", () => {
  assert.equal(uuidOf(new Uint8Array(16)), "00000000-0000-4000-8000-000000000000");
  assert.equal(uuidOf(new Uint8Array(16).fill(255)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  assert.match(uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

Deno.test("what is sent again is another entry of the same upload", () => {
  const first = { ...newEntry(new File(["abc"], "cv.txt")), isSettled: true, isStored: true };
  const { id, ...again } = retriedEntry(first);
  assert.notEqual(id, first.id);
  const { file, upload } = first;
  assert.deepEqual(again, { file, size: 3, upload, isResumed: true });
});
