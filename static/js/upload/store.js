// @ts-check
/**
 * Keeps the chosen files of one draft in the browser (IndexedDB) until the server has them, so
 * that a reload goes on where the upload stopped. A browser without such a store keeps nothing.
 */

/** @import { Entry } from "./entry.js" */
import { wait } from "./wait.js";

const FILES_PER_TRANSACTION = 200;
const TURN_MS = 20; // of work, before the page may react to something else

/** @typedef {Pick<Entry, "id" | "file" | "size" | "upload"> & { draft: string }} StoredFile */

export class FileStore {
  /** @param {string} draft its public id */
  constructor(draft) {
    this.draft = draft;
    this.database = open().catch(() => null);
  }

  /**
   * Store the entries; return whether all of them, but those that are settled meanwhile, are.
   *
   * @param {Entry[]} entries
   */
  async add(entries) {
    let next = 0;
    while (next < entries.length) {
      /** @type {Entry[]} */
      const stored = [];
      const isDone = await this.write((files) => {
        const endMs = performance.now() + TURN_MS;
        const mayGoOn = () => stored.length < FILES_PER_TRANSACTION && performance.now() < endMs;
        while (next < entries.length && mayGoOn()) {
          const entry = entries[next++];
          if (entry.isSettled) continue;
          const { id, file, size, upload } = entry;
          files.put({ id, draft: this.draft, file, size, upload });
          stored.push(entry);
        }
      });
      if (!isDone) return false;
      for (const entry of stored) entry.isStored = true;
      await this.remove(stored.filter((entry) => entry.isSettled));
      await wait(0);
    }
    return true;
  }

  /** @param {Entry[]} entries */
  async remove(entries) {
    const ids = entries.filter((entry) => entry.isStored).map(({ id }) => id);
    if (ids.length) await this.write((files) => ids.forEach((id) => files.delete(id)));
  }

  /**
   * Return what an earlier visit has left.
   *
   * @returns {Promise<Entry[]>}
   */
  async entries() {
    const database = await this.database;
    if (!database) return [];
    /** @type {StoredFile[]} */
    const files = await new Promise((resolve) => {
      const index = database.transaction("files").objectStore("files").index("draft");
      const request = index.getAll(this.draft);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve([]);
    });
    return files.map((file) => ({ ...file, isStored: true, isResumed: true }));
  }

  /**
   * Change the store in one transaction; return whether it was written.
   *
   * @param {(files: IDBObjectStore) => void} change
   * @returns {Promise<boolean>}
   */
  async write(change) {
    const database = await this.database;
    if (!database) return false;
    return new Promise((resolve) => {
      try {
        const transaction = database.transaction("files", "readwrite");
        transaction.oncomplete = () => resolve(true);
        transaction.onerror = transaction.onabort = () => resolve(false);
        change(transaction.objectStore("files"));
      } catch {
        resolve(false); // the database is closed, or a file cannot be stored
      }
    });
  }
}

/** @returns {Promise<IDBDatabase | null>} null where the browser refuses, as in private windows */
function open() {
  return new Promise((resolve) => {
    const request = indexedDB.open("uploads", 1);
    request.onupgradeneeded = () => {
      const files = request.result.createObjectStore("files", { keyPath: "id" });
      files.createIndex("draft", "draft");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => resolve(null);
  });
}
