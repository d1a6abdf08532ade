// @ts-check
/**
 * How much of an upload is done, how fast it goes and how long it will take.
 *
 * @typedef {object} Transfer one request under way
 * @property {Entry[]} entries
 * @property {number} start bytes of the first file that were sent before
 * @property {number} loadedBytes
 */

/** @import { Entry } from "./entry.js" */
// What a file costs beside its bytes, for the time that is left.
const FILE_OVERHEAD_BYTES = 2_048;
const ESTIMATE_INTERVAL_MS = 500; // nobody could read it if it changed more often
const FIRST_ESTIMATE_MS = 1_000;
const OLD_SPEED_SHARE = 0.8; // of the smoothed speed

export class Progress {
  /** @param {Entry[]} entries that are to be sent */
  constructor(entries) {
    this.totalBytes = entries.reduce((sum, entry) => sum + entry.size + FILE_OVERHEAD_BYTES, 0);
    this.sentBytes = 0; // of files that are settled, and of pieces that have arrived
    /** @type {Set<Transfer>} */
    this.transfers = new Set();
    this.speed = 0; // bytes a second, smoothed
    this.estimatedAtMs = 0;
    this.estimatedBytes = 0;
    this.secondsLeft = 1;
  }

  /**
   * @param {Entry[]} entries
   * @param {number} start
   * @returns {Transfer}
   */
  begin(entries, start) {
    const transfer = { entries, start, loadedBytes: 0 };
    this.transfers.add(transfer);
    return transfer;
  }

  /** @param {Transfer} transfer */
  end(transfer) {
    this.transfers.delete(transfer);
  }

  /** @param {number} bytes of pieces; below 0 when they are counted with their file from now on */
  addPieces(bytes) {
    this.sentBytes += bytes;
  }

  /** @param {Entry} entry */
  settle(entry) {
    this.sentBytes += entry.size + FILE_OVERHEAD_BYTES;
  }

  /** Return the bytes that have left, with those of the requests under way. */
  goneBytes() {
    return [...this.transfers].reduce((sum, { loadedBytes }) => sum + loadedBytes, this.sentBytes);
  }

  /**
   * Return the speed and the time that is left, or null where it is too early to tell.
   *
   * @param {number} elapsedMs since the upload began
   * @returns {{ bytesPerSecond: number, secondsLeft: number } | null}
   */
  estimate(elapsedMs) {
    const gone = this.goneBytes();
    if (elapsedMs < FIRST_ESTIMATE_MS || !gone) return null;
    if (!this.estimatedAtMs || elapsedMs - this.estimatedAtMs > ESTIMATE_INTERVAL_MS) {
      const seconds = (elapsedMs - this.estimatedAtMs) / 1000;
      const fresh = (gone - this.estimatedBytes) / seconds;
      this.speed = this.speed
        ? OLD_SPEED_SHARE * this.speed + (1 - OLD_SPEED_SHARE) * Math.max(fresh, 1)
        : fresh;
      this.estimatedAtMs = elapsedMs;
      this.estimatedBytes = gone;
      this.secondsLeft = Math.max(1, Math.round((this.totalBytes - gone) / this.speed));
    }
    return { bytesPerSecond: this.speed, secondsLeft: this.secondsLeft };
  }
}

/**
 * Return the file that a request is at, and which share of it is gone.
 *
 * @param {Transfer} transfer
 */
export function currentFile({ entries, start, loadedBytes }) {
  let left = loadedBytes;
  let entry = entries.find(({ size }) => {
    if (left <= size) return true;
    left -= size;
    return false;
  });
  if (!entry) {
    entry = entries[entries.length - 1];
    left = entry.size;
  }
  return { entry, share: entry.size ? Math.min(1, (start + left) / entry.size) : 1 };
}
