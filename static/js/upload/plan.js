// @ts-check
/**
 * What to send in which request: small files together, large ones in pieces.
 *
 * @typedef {object} Limits
 * @property {number} requestBytes of files in one request
 * @property {number} requestFiles in one request
 * @property {number} fileBytes
 * @property {number} archiveBytes
 *
 * @typedef {{ kind: "batch", entries: Entry[] } | { kind: "pieces", entry: Entry }} PlannedRequest
 *
 * @typedef {object} Plan
 * @property {PlannedRequest[]} requests in the order of sending
 * @property {Entry[]} toSend
 * @property {Entry[]} tooLarge not to be sent
 *
 * @typedef {{ number: number, start: number, end: number }} Piece bytes `start` to before `end`
 */

/** @import { Entry } from "./entry.js" */
const REQUEST_OVERHEAD_BYTES = 64 * 1024; // what names and boundaries of a request may take

/**
 * Read the limits that the template gives the form.
 *
 * @param {Record<string, string>} data
 * @returns {Limits}
 */
export function limitsFrom({ requestMax, filesMax, fileMax, archiveMax }) {
  return {
    requestBytes: Number(requestMax) - REQUEST_OVERHEAD_BYTES,
    requestFiles: Number(filesMax),
    fileBytes: Number(fileMax),
    archiveBytes: Number(archiveMax),
  };
}

/** @param {Entry} entry */
export function isArchive({ file }) {
  return file.name.toLowerCase().endsWith(".zip");
}

/**
 * Return how large the file may be, in bytes.
 *
 * @param {Entry} entry
 * @param {Limits} limits
 */
export function maxBytes(entry, { fileBytes, archiveBytes }) {
  return isArchive(entry) ? archiveBytes : fileBytes;
}

/**
 * Plan the requests for these files.
 *
 * @param {Entry[]} entries
 * @param {Limits} limits
 * @returns {Plan}
 */
export function plan(entries, limits) {
  const tooLarge = entries.filter((entry) => entry.size > maxBytes(entry, limits));
  const toSend = entries.filter((entry) => entry.size <= maxBytes(entry, limits));
  /** @type {PlannedRequest[]} */
  const requests = [];
  /** @type {Entry[]} */
  let batch = [];
  let batchBytes = 0;
  const closeBatch = () => {
    if (batch.length) requests.push({ kind: "batch", entries: batch });
    batch = [];
    batchBytes = 0;
  };
  for (const entry of toSend) {
    const { size } = entry;
    if (size > limits.requestBytes) {
      requests.push({ kind: "pieces", entry });
    } else {
      const isFull = batch.length >= limits.requestFiles || batchBytes + size > limits.requestBytes;
      if (isFull) closeBatch();
      batch.push(entry);
      batchBytes += size;
    }
  }
  closeBatch();
  return { requests, toSend, tooLarge };
}

/**
 * Cut a large file into pieces.
 *
 * @param {number} sizeBytes
 * @param {number} pieceBytes
 * @returns {Piece[]}
 */
export function piecesOf(sizeBytes, pieceBytes) {
  const total = Math.ceil(sizeBytes / pieceBytes);
  return Array.from({ length: total }, (_, number) => {
    const start = number * pieceBytes;
    return { number, start, end: Math.min(start + pieceBytes, sizeBytes) };
  });
}

/**
 * Tell whether a piece has to be sent. The last one always: its answer is the answer for the file.
 *
 * @param {Piece} piece
 * @param {number} total number of pieces
 * @param {number[]} arrived numbers of those that the server has
 */
export function isToBeSent({ number }, total, arrived) {
  return number === total - 1 || !arrived.includes(number);
}
