// @ts-check
/** Files and folders that are dropped onto the page. */

/**
 * Return the files of what was dropped, those in folders at any depth too; without hidden ones.
 * Has to be called before the drop event ends: the browser empties `items` then.
 *
 * @param {DataTransferItemList} items
 */
export async function droppedFiles(items) {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  /** @type {File[]} */
  const files = [];
  for (const entry of entries) files.push(...(await filesIn(entry)));
  return visibleFiles(files);
}

/**
 * Leave out the files that systems hide, such as .DS_Store.
 *
 * @param {Iterable<File>} files
 */
export function visibleFiles(files) {
  return [...files].filter((file) => !file.name.startsWith("."));
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function filesIn(entry) {
  if (entry.isFile) {
    const fileEntry = /** @type {FileSystemFileEntry} */ (entry);
    return [await new Promise((resolve, reject) => fileEntry.file(resolve, reject))];
  }
  if (!entry.isDirectory) return [];
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const files = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return files;
    for (const inner of some) files.push(...(await filesIn(inner)));
  }
}
