// @ts-check
/** Chosen files for the tests. */

/** @import { Entry } from "../../../static/js/upload/entry.js" */

/**
 * Return an entry whose file says that it has `size` bytes, without having them.
 *
 * @param {string} name
 * @param {number} size
 * @returns {Entry}
 */
export function entry(name, size) {
  return { id: name, file: new File([], name), size, upload: `upload of ${name}` };
}
