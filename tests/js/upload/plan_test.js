// @ts-check
import assert from "node:assert/strict";
import { isToBeSent, limitsFrom, piecesOf, plan } from "../../../static/js/upload/plan.js";
import { entry } from "./entries.js";

const LIMITS = { requestBytes: 100, requestFiles: 3, fileBytes: 250, archiveBytes: 1_000 };

/** @param {ReturnType<typeof plan>} planned */
function names({ requests, tooLarge }) {
  return {
    requests: requests.map((request) =>
      request.kind === "batch"
        ? request.entries.map(({ file }) => file.name)
        : `${request.entry.file.name} in pieces`
    ),
    tooLarge: tooLarge.map(({ file }) => file.name),
  };
}

Deno.test("a request has at most so many files", () => {
  const entries = [..."abcdefg"].map((name) => entry(name, 1));
  const { requests } = names(plan(entries, LIMITS));
  assert.deepEqual(requests, [["a", "b", "c"], ["d", "e", "f"], ["g"]]);
});

Deno.test("a request has at most so many bytes", () => {
  const entries = [entry("a", 60), entry("b", 40), entry("c", 1), entry("d", 100)];
  assert.deepEqual(names(plan(entries, LIMITS)).requests, [["a", "b"], ["c"], ["d"]]);
});

Deno.test("a file larger than a request goes in pieces, the others around it together", () => {
  const entries = [entry("a", 10), entry("large", 101), entry("b", 10)];
  assert.deepEqual(names(plan(entries, LIMITS)).requests, ["large in pieces", ["a", "b"]]);
});

Deno.test("a file that is too large is not sent; an archive may be larger", () => {
  const entries = [
    entry("a.pdf", 250),
    entry("b.pdf", 251),
    entry("c.ZIP", 1_000),
    entry("d.zip", 1_001),
  ];
  const planned = plan(entries, LIMITS);
  assert.deepEqual(names(planned), {
    requests: ["a.pdf in pieces", "c.ZIP in pieces"],
    tooLarge: ["b.pdf", "d.zip"],
  });
  assert.deepEqual(planned.toSend, [entries[0], entries[2]]);
});

Deno.test("nothing chosen is nothing to send, and an empty file is sent", () => {
  assert.deepEqual(plan([], LIMITS), { requests: [], toSend: [], tooLarge: [] });
  assert.deepEqual(names(plan([entry("empty", 0)], LIMITS)).requests, [["empty"]]);
});

Deno.test("every file is in one request, and no request is over a limit", () => {
  const entries = Array.from({ length: 500 }, (_, n) => entry(`cv${n}`, (n * 37) % 101));
  const { requests } = plan(entries, LIMITS);
  const sent = requests.flatMap((request) => request.kind === "batch" ? request.entries : []);
  assert.deepEqual(sent, entries);
  for (const request of requests) {
    assert(request.kind === "batch" && request.entries.length <= 3);
    assert(request.entries.reduce((sum, { size }) => sum + size, 0) <= 100);
  }
});

Deno.test("the template's limits leave room for names and boundaries", () => {
  const data = {
    requestMax: "8388608",
    filesMax: "50",
    fileMax: "26214400",
    archiveMax: "104857600",
  };
  assert.deepEqual(limitsFrom(data), {
    requestBytes: 8_388_608 - 65_536,
    requestFiles: 50,
    fileBytes: 26_214_400,
    archiveBytes: 104_857_600,
  });
});

Deno.test("pieces cover a file without a gap", () => {
  assert.deepEqual(piecesOf(250, 100), [
    { number: 0, start: 0, end: 100 },
    { number: 1, start: 100, end: 200 },
    { number: 2, start: 200, end: 250 },
  ]);
  assert.deepEqual(piecesOf(200, 100).map(({ end }) => end), [100, 200]);
});

Deno.test("a piece that has arrived is not sent again, but for the last", () => {
  const pieces = piecesOf(250, 100);
  const sent = pieces.filter((piece) => isToBeSent(piece, pieces.length, [0, 2]));
  assert.deepEqual(sent.map(({ number }) => number), [1, 2]);
});
