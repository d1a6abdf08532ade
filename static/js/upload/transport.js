// @ts-check
/** Sends requests with files, again after trouble on the way, until the server has decided. */

/** @import { Entry } from "./entry.js" */
/** @import { Progress, Transfer } from "./progress.js" */
/** @import { Answer, FileAnswer, Words } from "./retry.js" */
import { RetryPolicy, understand } from "./retry.js";
import { waitUnless } from "./wait.js";

const REQUEST_TIMEOUT_MS = 90_000;

/** The user has stopped the upload. */
export class Stopped extends Error {}

/** A file of the request cannot be opened any more. */
export class Unreadable extends Error {}

/** The server does not take the request; the message is for the user. */
export class Refused extends Error {
  /**
   * @param {string} reason
   * @param {number} status of HTTP
   */
  constructor(reason, status) {
    super(reason);
    this.status = status;
  }
}

export class Transport {
  /**
   * @param {object} options
   * @param {string} options.csrfToken
   * @param {Words} options.words
   * @param {AbortSignal} options.signal stops all requests
   * @param {Progress} options.progress
   * @param {() => void} options.changed called when progress or connection have changed
   */
  constructor({ csrfToken, words, signal, progress, changed }) {
    this.csrfToken = csrfToken;
    this.words = words;
    this.signal = signal;
    this.progress = progress;
    this.changed = changed;
    this.isOffline = false;
  }

  /**
   * Send a request with these files; return the server's answer for each.
   * Raises Stopped, Unreadable or Refused.
   *
   * @param {string} url
   * @param {FormData} body
   * @param {Entry[]} entries
   * @param {number} [start] bytes of the first file that were sent before
   * @returns {Promise<FileAnswer[]>}
   */
  async send(url, body, entries, start = 0) {
    const policy = new RetryPolicy();
    for (;;) {
      const answer = await this.post(url, body, this.progress.begin(entries, start));
      if (answer.kind === "answered") return answer.files;
      if (answer.kind === "aborted" || this.signal.aborted) throw new Stopped();
      if (answer.kind === "lost") await requireReadable(entries);
      const retry = policy.decide(answer);
      if (retry) await this.wait(retry);
      else if (answer.kind !== "lost") throw new Refused(answer.reason, answer.status);
    }
  }

  /**
   * Return the numbers of the pieces of a file that the server has. Raises Stopped.
   *
   * @param {string} pieceUrl
   * @param {string} upload id
   * @returns {Promise<number[]>}
   */
  async arrivedPieces(pieceUrl, upload) {
    const policy = new RetryPolicy();
    const url = `${pieceUrl}?${new URLSearchParams({ upload })}`;
    for (;;) {
      try {
        const response = await fetch(url, { headers: { Accept: "application/json" } });
        return response.ok ? ((await response.json()).parts ?? []) : [];
      } catch {
        const retry = policy.decide({ kind: "lost" });
        if (retry) await this.wait(retry);
      }
    }
  }

  /**
   * Wait before the next attempt; without a connection only until the browser has one again.
   *
   * @param {{ delayMs: number, isOffline: boolean }} retry
   */
  async wait({ delayMs, isOffline }) {
    if (isOffline) {
      this.isOffline = true;
      this.changed();
    }
    await waitUnless(delayMs, this.signal, isOffline ? "online" : undefined);
    if (this.signal.aborted) throw new Stopped();
  }

  /**
   * Make one attempt. `fetch` does not report the progress of an upload; this does.
   *
   * @param {string} url
   * @param {FormData} body
   * @param {Transfer} transfer
   * @returns {Promise<Answer>}
   */
  post(url, body, transfer) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const abort = () => request.abort();
      /** @param {Answer} answer */
      const end = (answer) => {
        this.signal.removeEventListener("abort", abort);
        this.progress.end(transfer);
        if (answer.kind !== "lost") this.isOffline = false;
        this.changed();
        resolve(answer);
      };
      request.open("POST", url);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", this.csrfToken);
      request.timeout = REQUEST_TIMEOUT_MS;
      request.upload.onprogress = ({ loaded }) => {
        transfer.loadedBytes = loaded;
        this.isOffline = false;
        this.changed();
      };
      request.onload = () => end(understand(request.status, request.responseText, this.words));
      request.onerror = request.ontimeout = () => end({ kind: "lost" });
      request.onabort = () => end({ kind: "aborted" });
      this.signal.addEventListener("abort", abort);
      request.send(body);
      this.changed();
    });
  }
}

/** @param {Entry[]} entries */
async function requireReadable(entries) {
  for (const { file } of entries) if (!(await isReadable(file))) throw new Unreadable();
}

/**
 * Tell whether a file can still be read: it may have been moved, changed or locked.
 *
 * @param {File} file
 */
export async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
