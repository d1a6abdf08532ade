// @ts-check
import assert from "node:assert/strict";
import { droppedFiles } from "../../../static/js/upload/drop.js";

/** @typedef {string | { [name: string]: Dropped[] }} Dropped a file, or a folder */

/**
 * Return what a browser gives for a dropped file or folder; it lists folders two at a time.
 *
 * @param {Dropped} dropped
 */
function fileSystemEntry(dropped) {
  if (typeof dropped === "string") {
    const file = (/** @type {(file: File) => void} */ resolve) => resolve(new File([], dropped));
    return { isFile: true, isDirectory: false, file };
  }
  const inner = Object.values(dropped)[0].map(fileSystemEntry);
  const readEntries = (/** @type {(entries: unknown[]) => void} */ resolve) =>
    resolve(inner.splice(0, 2));
  return { isFile: false, isDirectory: true, createReader: () => ({ readEntries }) };
}

/** @param {(Dropped | null)[]} dropped null for what is no file, such as a selected text */
async function namesOf(dropped) {
  const items = dropped.map((each) => ({
    webkitGetAsEntry: () => each === null ? null : fileSystemEntry(each),
  }));
  const files = await droppedFiles(/** @type {any} */ (items));
  return files.map(({ name }) => name);
}

Deno.test("folders are walked to the bottom, in their order", async () => {
  const dropped = ["a", { people: ["b", { deep: [{ deeper: ["c"] }] }, "d", "e", "f"] }, "g"];
  assert.deepEqual(await namesOf(dropped), ["a", "b", "c", "d", "e", "f", "g"]);
});

Deno.test("hidden files and what is no file are left out", async () => {
  assert.deepEqual(await namesOf([".DS_Store", null, { people: [".hidden", "a"] }]), ["a"]);
});
