// @ts-check
/** Sends the chosen files, a few requests at a time. */

/** @import { Entry } from "./entry.js" */
/** @import { NotAddedList } from "./not_added.js" */
/** @import { PlannedRequest } from "./plan.js" */
/** @import { Outcome } from "./retry.js" */
/** @import { Counts, State } from "./sentences.js" */
/** @import { FileStore } from "./store.js" */
import { required, sentences } from "../shared/dom.js";
import { trigger } from "../shared/htmx.js";
import { fillIn } from "../shared/text.js";
import { uuid } from "./entry.js";
import { isArchive, isToBeSent, limitsFrom, maxBytes, piecesOf, plan } from "./plan.js";
import { Progress } from "./progress.js";
import { ProgressView } from "./progress_view.js";
import { matchAnswers } from "./retry.js";
import { isReadable, Refused, Stopped, Transport, Unreadable } from "./transport.js";

const PARALLEL_REQUESTS = 3;
const SETTLED_PER_REMOVAL = 200; // files that are taken out of the store in one transaction
const LIST_REFRESH_MS = 1_500; // between looks at the draft's list of files
const BYTES_PER_MIB = 1024 * 1024;
const CONFLICT = 409; // the server has other pieces under this id

export class Upload {
  /**
   * @param {HTMLFormElement} form
   * @param {FileStore} store
   * @param {Entry[]} entries
   * @param {NotAddedList} notAdded
   */
  constructor(form, store, entries, notAdded) {
    const words = sentences(required(form, "[data-words]"));
    this.words = words;
    this.store = store;
    this.entries = entries;
    this.notAdded = notAdded;
    this.url = form.action;
    this.pieceUrl = form.dataset.piece ?? "";
    this.limits = limitsFrom(sentences(form));
    this.plan = plan(entries, this.limits);
    this.progress = new Progress(this.plan.toSend);
    this.view = new ProgressView(form);
    this.abortController = new AbortController();
    this.signal = this.abortController.signal;
    this.transport = new Transport({
      csrfToken: required(form, "input[name=csrfmiddlewaretoken]", HTMLInputElement).value,
      words: { ended: words.ended, gone: words.gone, server: words.server },
      signal: this.signal,
      progress: this.progress,
      changed: () => this.draw(),
    });
    /** @type {Counts} */
    this.counts = { accepted: 0, duplicate: 0, refused: 0, failed: 0 };
    this.settledCount = 0;
    /** @type {Entry[]} settled, and still in the store */
    this.removable = [];
    this.startedMs = performance.now();
    this.refreshTimer = 0;
    this.isDrawing = false;
  }

  stop() {
    this.abortController.abort();
  }

  get isStopped() {
    return this.signal.aborted;
  }

  async run() {
    for (const entry of this.plan.tooLarge) this.refuseTooLarge(entry);
    this.draw();
    this.startedMs = performance.now();
    let next = 0;
    const { requests } = this.plan;
    const sendNext = async () => {
      while (next < requests.length && !this.isStopped) {
        await this.sendPlanned(requests[next++]);
        this.refreshList();
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, sendNext));
    await this.store.remove(this.removable.splice(0));
  }

  /** @param {PlannedRequest} request */
  async sendPlanned(request) {
    if (request.kind === "batch") await this.sendBatch(request.entries);
    else await this.sendInPieces(request.entry);
  }

  /** @param {Entry[]} entries */
  async sendBatch(entries) {
    const body = new FormData();
    for (const { file } of entries) body.append("files", file, file.name);
    try {
      const files = await this.transport.send(this.url, body, entries);
      const answers = matchAnswers(entries.map(({ file }) => file.name), files);
      entries.forEach((entry, index) => {
        const answer = answers[index];
        if (answer) this.settle(entry, answer.outcome, answer.reason);
        else this.settle(entry, "refused", this.words.nameless);
      });
    } catch (error) {
      if (error instanceof Stopped) return;
      if (error instanceof Unreadable) await this.sendReadable(entries);
      else for (const entry of entries) this.settle(entry, "failed", messageOf(error));
    }
  }

  /**
   * Send a batch again without the files that cannot be opened: one breaks the whole request.
   *
   * @param {Entry[]} entries
   */
  async sendReadable(entries) {
    const readable = [];
    for (const entry of entries) {
      if (await isReadable(entry.file)) readable.push(entry);
      else this.settle(entry, "failed", this.words.unreadable);
    }
    if (readable.length) await this.sendBatch(readable);
  }

  /**
   * @param {Entry} entry
   * @param {boolean} [mayStartAnew] under another id, where the server has other pieces under this
   * @returns {Promise<void>}
   */
  async sendInPieces(entry, mayStartAnew = true) {
    let countedBytes = 0; // of pieces; the whole is counted when the file is settled
    try {
      const { upload } = entry;
      const arrived = entry.isResumed
        ? await this.transport.arrivedPieces(this.pieceUrl, upload)
        : [];
      const pieces = piecesOf(entry.size, this.limits.requestBytes);
      let answer;
      for (const piece of pieces) {
        if (isToBeSent(piece, pieces.length, arrived)) {
          const body = pieceBody(entry, piece, pieces.length);
          [answer] = await this.transport.send(this.pieceUrl, body, [entry], piece.start);
        }
        countedBytes += piece.end - piece.start;
        this.progress.addPieces(piece.end - piece.start);
      }
      this.progress.addPieces(-countedBytes);
      countedBytes = 0;
      if (answer) this.settle(entry, answer.outcome, answer.reason);
    } catch (error) {
      if (error instanceof Stopped) return;
      this.progress.addPieces(-countedBytes);
      if (error instanceof Refused && error.status === CONFLICT && mayStartAnew) {
        entry.upload = uuid();
        entry.isResumed = false;
        return this.sendInPieces(entry, false);
      }
      const isUnreadable = error instanceof Unreadable;
      this.settle(entry, "failed", isUnreadable ? this.words.unreadable : messageOf(error));
    }
  }

  /** @param {Entry} entry */
  refuseTooLarge(entry) {
    const words = isArchive(entry) ? this.words.largeArchive : this.words.largeFile;
    const mb = maxBytes(entry, this.limits) / BYTES_PER_MIB;
    this.record(entry, "refused", fillIn(words, { mb }));
  }

  /**
   * @param {Entry} entry
   * @param {Outcome} outcome
   * @param {string} reason
   */
  settle(entry, outcome, reason) {
    this.progress.settle(entry);
    // What arrived just before the connection broke is no duplicate of another file.
    const isOwn = outcome === "duplicate" && entry.isResumed;
    this.record(entry, isOwn ? "accepted" : outcome, reason);
  }

  /**
   * @param {Entry} entry
   * @param {Outcome} outcome
   * @param {string} reason
   */
  record(entry, outcome, reason) {
    this.counts[outcome] += 1;
    this.settledCount += 1;
    if (outcome !== "failed") { // what failed can be tried again, also after a reload
      entry.isSettled = true;
      this.removable.push(entry);
      if (this.removable.length >= SETTLED_PER_REMOVAL) this.store.remove(this.removable.splice(0));
    }
    if (outcome !== "accepted") this.notAdded.add({ entry, outcome, reason });
    this.draw();
  }

  /** Show the files that have arrived in the draft's list, once in a while. */
  refreshList() {
    if (this.refreshTimer) return;
    this.refreshTimer = window.setTimeout(() => {
      this.refreshTimer = 0;
      trigger("#candidates", "refresh");
    }, LIST_REFRESH_MS);
  }

  /** @returns {State} */
  get state() {
    if (this.settledCount === this.entries.length) return "done";
    return this.isStopped ? "stopped" : "running";
  }

  draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.view.draw({
        state: this.state,
        counts: this.counts,
        total: this.entries.length,
        progress: this.progress,
        elapsedMs: performance.now() - this.startedMs,
        isOffline: this.transport.isOffline,
      });
    });
  }
}

/**
 * @param {Entry} entry
 * @param {{ number: number, start: number, end: number }} piece
 * @param {number} total
 */
function pieceBody({ file, upload }, { number, start, end }, total) {
  const body = new FormData();
  body.append("upload", upload);
  body.append("number", String(number));
  body.append("total", String(total));
  body.append("name", file.name);
  body.append("piece", file.slice(start, end), "piece");
  return body;
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
