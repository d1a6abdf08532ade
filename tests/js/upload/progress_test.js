// @ts-check
import assert from "node:assert/strict";
import { currentFile, Progress } from "../../../static/js/upload/progress.js";
import { entry } from "./entries.js";

const KB = 1_000;
const OVERHEAD = 2_048;

Deno.test("bytes are counted while they go, and once when a file is settled", () => {
  const entries = [entry("a", 10 * KB), entry("b", 20 * KB)];
  const progress = new Progress(entries);
  assert.equal(progress.totalBytes, 30 * KB + 2 * OVERHEAD);

  const transfer = progress.begin(entries, 0);
  transfer.loadedBytes = 15 * KB;
  assert.equal(progress.goneBytes(), 15 * KB);
  progress.end(transfer);
  assert.equal(progress.goneBytes(), 0);
  for (const each of entries) progress.settle(each);
  assert.equal(progress.goneBytes(), progress.totalBytes);
});

Deno.test("there is no estimate in the first second, nor before a byte has gone", () => {
  const progress = new Progress([entry("a", 10 * KB)]);
  assert.equal(progress.estimate(5_000), null);
  progress.addPieces(KB);
  assert.equal(progress.estimate(999), null);
  assert.notEqual(progress.estimate(1_000), null);
});

Deno.test("speed and time left follow the bytes, smoothly and twice a second", () => {
  const progress = new Progress([entry("a", 100 * KB - OVERHEAD)]);
  progress.addPieces(20 * KB);
  assert.deepEqual(progress.estimate(2_000), { bytesPerSecond: 10 * KB, secondsLeft: 8 });
  progress.addPieces(20 * KB);
  assert.deepEqual(progress.estimate(2_500), { bytesPerSecond: 10 * KB, secondsLeft: 8 });

  const estimate = progress.estimate(3_000); // 20 kB in the last second
  assert(estimate);
  assert.equal(Math.round(estimate.bytesPerSecond), 12 * KB);
  assert.equal(estimate.secondsLeft, 5);
});

Deno.test("a standstill and the last bytes leave at least one second", () => {
  const progress = new Progress([entry("a", 10 * KB - OVERHEAD)]);
  progress.addPieces(10 * KB);
  assert.deepEqual(progress.estimate(1_000), { bytesPerSecond: 10 * KB, secondsLeft: 1 });
  for (let elapsedMs = 2_000; elapsedMs < 100_000; elapsedMs += 1_000) progress.estimate(elapsedMs);
  const estimate = progress.estimate(100_000);
  assert(estimate && estimate.bytesPerSecond >= 1 && Number.isFinite(estimate.secondsLeft));
});

Deno.test("a batch is at the file that its bytes have reached", () => {
  const entries = [entry("a", 10), entry("empty", 0), entry("b", 20)];
  const state = (/** @type {number} */ loadedBytes) => {
    const { entry: { file }, share } = currentFile({ entries, start: 0, loadedBytes });
    return [file.name, share];
  };
  assert.deepEqual(state(0), ["a", 0]);
  assert.deepEqual(state(5), ["a", 0.5]);
  assert.deepEqual(state(20), ["b", 0.5]);
  assert.deepEqual(state(1_000), ["b", 1]); // boundaries and names are bytes as well
});

Deno.test("a piece starts where the ones before have ended; an empty file is complete", () => {
  const transfer = { entries: [entry("a", 100)], start: 50, loadedBytes: 25 };
  assert.equal(currentFile(transfer).share, 0.75);
  assert.equal(currentFile({ entries: [entry("e", 0)], start: 0, loadedBytes: 0 }).share, 1);
});
