// @ts-check
/**
 * One chosen file on its way to the server.
 *
 * @typedef {object} Entry
 * @property {string} id key in the browser's store
 * @property {File} file
 * @property {number} size in bytes
 * @property {string} upload id under which the server gathers the pieces of a large file
 * @property {boolean} [isStored] in the browser's store
 * @property {boolean} [isResumed] from an earlier attempt, of which some may have arrived
 * @property {boolean} [isSettled] the server has answered; nothing is left to be sent
 */

/**
 * @param {File} file
 * @returns {Entry}
 */
export function newEntry(file) {
  return { id: uuid(), file, size: file.size, upload: uuid() };
}

/**
 * Return the entry anew, to be sent once more.
 *
 * @param {Entry} entry
 * @returns {Entry}
 */
export function retriedEntry({ file, size, upload }) {
  return { id: uuid(), file, size, upload, isResumed: true };
}

/** Return a random UUID. `crypto.randomUUID` is missing on pages without HTTPS. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return uuidOf(crypto.getRandomValues(new Uint8Array(16)));
}

/**
 * Write 16 random bytes as a UUID of version 4 (RFC 9562, section 5.4).
 *
 * @param {Uint8Array} bytes
 */
export function uuidOf(bytes) {
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
