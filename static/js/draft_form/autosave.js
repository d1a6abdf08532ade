// @ts-check
/** Saves the form of a draft while it is being filled in, and shows whether it is saved. */

import { required, sentences, setText } from "../shared/dom.js";
import { nextDelay } from "../shared/retry.js";
import { fillIn } from "../shared/text.js";

const TYPING_PAUSE_MS = 1_200; // without a key, after which it saves
const CHANGE_PAUSE_MS = 200; // after a change of a box or a list
const RETRY_MS = { minMs: 2_000, maxMs: 30_000 }; // while nothing comes through

/** @typedef {{ seen?: string, edit?: string, meanwhile?: string, error?: string }} Answer */

export class Autosave {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.words = sentences(form);
    this.state = required(form, "[data-save-state]");
    this.conflict = required(form, "[data-meanwhile]");
    this.version = required(form, "input[name=seen]", HTMLInputElement);
    this.timer = 0;
    this.retryDelayMs = 0;
    this.isDirty = false;
    this.isSaving = false;
    this.savesAgain = false; // a change came while a save was on its way
    /** @type {HTMLElement | null} the button that waits for the save on its way */
    this.pressedButton = null;
    this.isLeaving = false;
    this.isStopped = !this.conflict.hidden; // someone else has changed the draft
    if (this.wasTypedIn()) this.markDirty(TYPING_PAUSE_MS);
    form.addEventListener("input", (event) => this.changed(event, TYPING_PAUSE_MS));
    form.addEventListener("change", (event) => this.changed(event, CHANGE_PAUSE_MS));
    form.addEventListener("submit", (event) => this.submitted(event));
    window.addEventListener("online", () => this.isDirty && this.saveIn(0));
    document.addEventListener("visibilitychange", () => document.hidden && this.save());
    window.addEventListener("beforeunload", (event) => {
      if (this.isDirty && !this.isLeaving) {
        this.save();
        event.preventDefault();
      }
    });
  }

  /**
   * @param {Event} event
   * @param {number} pauseMs
   */
  changed(event, pauseMs) {
    if (event.target instanceof HTMLInputElement && event.target.type === "file") return;
    this.markDirty(pauseMs);
  }

  /** Whether something was typed before this script was loaded, as on a slow connection. */
  wasTypedIn() {
    const fields = /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */ (
      this.form.querySelectorAll("input[type=text], textarea")
    );
    return [...fields].some((field) => field.value !== field.defaultValue);
  }

  /** @param {number} pauseMs */
  markDirty(pauseMs) {
    this.isDirty = true;
    this.saveIn(pauseMs);
  }

  /** @param {SubmitEvent} event */
  submitted(event) {
    // The second of two requests at once would look like another person's change.
    if (this.isSaving) {
      event.preventDefault();
      this.pressedButton = event.submitter;
      return;
    }
    this.isLeaving = true;
    clearTimeout(this.timer);
  }

  /** @param {number} delayMs */
  saveIn(delayMs) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.save(), delayMs);
  }

  /** @param {string} why */
  showUnsaved(why) {
    this.isDirty = true;
    setText(this.state, fillIn(this.words.unsaved, { why }));
  }

  /** @param {string} why */
  retryLater(why) {
    this.showUnsaved(why);
    this.retryDelayMs = nextDelay(this.retryDelayMs, RETRY_MS);
    this.saveIn(this.retryDelayMs);
  }

  async save() {
    clearTimeout(this.timer);
    if (this.isStopped || this.isLeaving || !this.isDirty) return;
    if (this.isSaving) {
      this.savesAgain = true;
      return;
    }
    this.isSaving = true;
    this.isDirty = false;
    setText(this.state, this.words.saving);
    const body = new FormData(this.form);
    body.delete("file"); // it is sent by its own button
    try {
      const headers = { Accept: "application/json" };
      const response = await fetch(location.href, { method: "POST", body, headers });
      const answer = /** @type {Answer} */ (await response.json().catch(() => ({})));
      this.saved(response, answer);
    } catch {
      this.retryLater(this.words.lost);
    } finally {
      this.isSaving = false;
      if (this.pressedButton) this.form.requestSubmit(this.pressedButton);
      else if (this.savesAgain) this.saveIn(0);
      this.savesAgain = false;
    }
  }

  /**
   * @param {Response} response
   * @param {Answer} answer
   */
  saved({ ok, status }, answer) {
    if (ok && answer.seen) {
      this.retryDelayMs = 0;
      this.version.value = answer.seen;
      if (answer.edit && location.pathname !== answer.edit) {
        history.replaceState(null, "", answer.edit);
        required(document, "h1").textContent = this.words.heading;
      }
      if (!this.isDirty) setText(this.state, fillIn(this.words.saved, { time: clockTime() }));
    } else if (answer.meanwhile) {
      this.isStopped = true;
      this.conflict.hidden = false;
      required(this.conflict, "[data-meanwhile-words]").textContent = answer.meanwhile;
      required(this.conflict, "[data-meanwhile-look]", HTMLAnchorElement).href = location.href;
      this.showUnsaved(answer.meanwhile);
    } else if (answer.error) {
      this.showUnsaved(answer.error);
    } else if (ok || status === 403 || status === 404) {
      this.retryLater(this.words.ended);
    } else {
      this.retryLater(this.words.trouble);
    }
  }
}

function clockTime() {
  const { lang } = document.documentElement;
  return new Date().toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" });
}
