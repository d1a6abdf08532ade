// @ts-check
/**
 * Uploads of any number of files to a draft. Without scripts the form is a plain form.
 */

/** @import { Entry } from "./entry.js" */
import { required, sentences, setText } from "../shared/dom.js";
import { trigger } from "../shared/htmx.js";
import { fillIn, formatNumber } from "../shared/text.js";
import { droppedFiles, visibleFiles } from "./drop.js";
import { newEntry } from "./entry.js";
import { NotAddedList } from "./not_added.js";
import { FileStore } from "./store.js";
import { Upload } from "./upload.js";
import { wait } from "./wait.js";

const TURN_MS = 20; // of work, before the page may react to something else

class UploadForm {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.words = sentences(required(form, "[data-words]"));
    this.input = required(form, "#files", HTMLInputElement);
    this.dropZone = required(form, "[data-drop]");
    this.stopButton = required(form, "[data-stop]");
    this.offer = required(form, "[data-unsent-files]");
    this.store = new FileStore(form.dataset.upload ?? "");
    this.notAdded = new NotAddedList(form, this.store, (entries) => this.send(entries));
    /** @type {Upload | null} */
    this.upload = null;
    this.isChoosing = false;
    this.isStored = true; // all that is on its way would outlive a reload
    required(form, "[data-send]").hidden = true;
    this.listen();
    this.offerStored();
    // Files that were chosen while this module and what it imports were still loading.
    if (this.input.files?.length) this.choose(this.input.files);
  }

  listen() {
    this.input.addEventListener("change", () => this.choose(this.input.files ?? []));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.choose(this.input.files ?? []);
    });
    this.stopButton.addEventListener("click", () => this.upload?.stop());
    window.addEventListener("beforeunload", (event) => {
      if (this.upload && !this.isStored) event.preventDefault();
    });
    this.listenToFolder(required(this.form, "#folder", HTMLInputElement));
    this.listenToDrops(this.dropZone);
    this.listenToOffer();
  }

  /** @param {HTMLInputElement} folder */
  listenToFolder(folder) {
    required(this.form, "[data-folder]").hidden = false;
    folder.addEventListener("change", async () => {
      await this.choose(visibleFiles(folder.files ?? []));
      folder.value = "";
    });
  }

  /** @param {HTMLElement} zone */
  listenToDrops(zone) {
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", async (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      if (event.dataTransfer) this.choose(await droppedFiles(event.dataTransfer.items));
    });
  }

  listenToOffer() {
    required(this.form, "[data-resume]").addEventListener("click", async () => {
      this.send(await this.store.entries());
    });
    required(this.form, "[data-forget]").addEventListener("click", async () => {
      await this.store.remove(await this.store.entries());
      this.offer.hidden = true;
      this.input.focus();
    });
  }

  /**
   * Take files that were chosen. For the size of each the browser asks the disk, and waits: of
   * thousands a few at a time, so that the page stays alive.
   *
   * @param {Iterable<File>} chosen
   */
  async choose(chosen) {
    const files = [...chosen];
    if (this.upload || this.isChoosing || !files.length) return;
    this.isChoosing = true;
    const entries = [];
    let turnEndMs = performance.now() + TURN_MS;
    for (const file of files) {
      entries.push(newEntry(file));
      if (performance.now() > turnEndMs) {
        await wait(0);
        turnEndMs = performance.now() + TURN_MS;
      }
    }
    this.isChoosing = false;
    await this.send(entries);
  }

  /** @param {Entry[]} entries */
  async send(entries) {
    if (this.upload || !entries.length) return;
    this.showRunning(true);
    this.upload = new Upload(this.form, this.store, entries, this.notAdded);
    this.isStored = false;
    this.store.add(entries.filter((entry) => !entry.isStored)).then((isStored) => {
      this.isStored = isStored;
    });
    await this.upload.run();
    this.upload.draw();
    const { isStopped } = this.upload;
    this.upload = null;
    this.input.value = "";
    this.showRunning(false);
    trigger("#candidates", "refresh");
    if (isStopped) this.offerStored();
  }

  /** @param {boolean} isRunning */
  showRunning(isRunning) {
    if (isRunning) {
      this.offer.hidden = true;
      required(this.form, "[data-sending]").hidden = false;
    }
    this.stopButton.hidden = !isRunning;
    this.input.disabled = isRunning;
    this.dropZone.classList.toggle("busy", isRunning);
  }

  /** Offer to send what an earlier visit, or the Stop button, has left. */
  async offerStored() {
    const { length } = await this.store.entries();
    if (!length || this.upload) return;
    const number = { n: formatNumber(length) };
    setText(required(this.form, "[data-unsent-message]"), fillIn(this.words.unsent, number));
    setText(required(this.form, "[data-resume]"), fillIn(this.words.resume, number));
    this.offer.hidden = false;
  }
}

new UploadForm(required(document, "form[data-upload]", HTMLFormElement));
