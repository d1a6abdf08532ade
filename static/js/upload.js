// Uploads of any number of files: small ones together in requests of a bounded size, large ones in
// pieces, a few requests at a time, each tried again when the network fails. Without this script
// the form is a plain form.
"use strict";

(() => {
  const AT_ONCE = 3;
  const PAUSES = [1, 3, 8, 20]; // seconds before each further try
  const SHOWN = 100; // files with trouble that are listed; the others are counted
  const ROOM = 64 * 1024; // what names and boundaries of a request may take
  const AGAIN = new Set([408, 425, 429, 500, 502, 503, 504]);

  class Refused extends Error {}
  class Stopped extends Error {}

  class Upload {
    constructor(form, files) {
      this.form = form;
      this.url = form.action;
      this.pieceUrl = form.dataset.piece;
      this.requestMax = Number(form.dataset.requestMax) - ROOM;
      this.filesMax = Number(form.dataset.filesMax);
      this.fileMax = Number(form.dataset.fileMax);
      this.archiveMax = Number(form.dataset.archiveMax);
      this.token = form.querySelector("input[name=csrfmiddlewaretoken]").value;
      this.stop = new AbortController();
      this.files = files;
      this.bytes = 0;
      this.sent = 0;
      this.counts = { accepted: 0, duplicate: 0, refused: 0, failed: 0 };
      this.underway = new Map();
    }

    async run() {
      const jobs = this.plan();
      this.draw();
      const worker = async () => {
        for (let job = jobs.shift(); job && !this.stop.signal.aborted; job = jobs.shift()) {
          await job();
          htmx.trigger("#candidates", "refresh");
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    }

    // Requests to send, as functions: batches of small files, and files in pieces.
    plan() {
      const jobs = [];
      let batch = [];
      let size = 0;
      const close = () => {
        if (batch.length) {
          const whole = batch;
          jobs.push(() => this.sendBatch(whole));
        }
        batch = [];
        size = 0;
      };
      for (const file of this.files) {
        const isArchive = file.name.toLowerCase().endsWith(".zip");
        const most = isArchive ? this.archiveMax : this.fileMax;
        this.bytes += Math.min(file.size, most);
        if (file.size > most) {
          const advice = isArchive ? "Make several smaller ones and upload those." : "Save a smaller copy and upload that.";
          this.settle(file, "refused", `The ${isArchive ? "archive" : "file"} is larger than ${most / 1048576} MB. ${advice}`);
        } else if (file.size > this.requestMax) {
          jobs.push(() => this.sendInPieces(file, true));
        } else {
          if (batch.length >= this.filesMax || size + file.size > this.requestMax) close();
          batch.push(file);
          size += file.size;
        }
      }
      close();
      return jobs;
    }

    async sendBatch(files) {
      const body = new FormData();
      for (const file of files) body.append("files", file, file.name);
      const bytes = files.reduce((sum, file) => sum + file.size, 0);
      try {
        const told = await this.send(this.url, body, bytes);
        // A name that nothing is left of does not come back: what is missing was not taken in.
        files.forEach((file, place) => {
          const one = told.files.length === files.length ? told.files[place] : told.files.find((each) => each.name === file.name);
          if (one) this.settle(file, one.outcome, one.reason);
          else this.settle(file, "refused", "The file has no usable name. Rename it and upload it again.");
        });
      } catch (error) {
        if (error instanceof Stopped) return;
        if (files.length > 1 && !(error instanceof Refused)) {
          // One file that cannot be opened, or was changed meanwhile, breaks the whole request.
          for (const file of files) {
            if (this.stop.signal.aborted) return;
            await this.sendBatch([file]);
          }
          return;
        }
        for (const file of files) this.settle(file, "failed", error.message);
      }
    }

    async sendInPieces(file, mayStartAnew) {
      const upload = crypto.randomUUID ? crypto.randomUUID() : uuid();
      const total = Math.ceil(file.size / this.requestMax);
      try {
        let told = { files: [] };
        for (let number = 0; number < total; number += 1) {
          const part = file.slice(number * this.requestMax, (number + 1) * this.requestMax);
          const body = new FormData();
          const fields = { upload, number, total, name: file.name };
          for (const [key, value] of Object.entries(fields)) body.append(key, value);
          body.append("piece", part, "piece");
          told = await this.send(this.pieceUrl, body, part.size);
        }
        this.settle(file, told.files[0].outcome, told.files[0].reason, 0);
      } catch (error) {
        if (error instanceof Stopped) return;
        if (error.status === 409 && mayStartAnew) return this.sendInPieces(file, false);
        this.settle(file, "failed", error.message);
      }
    }

    // One request, tried again after trouble on the way; the answer as an object.
    async send(url, body, bytes) {
      for (let tries = 0; ; tries += 1) {
        const trouble = await this.once(url, body, bytes);
        if (trouble.told) return trouble.told;
        if (this.stop.signal.aborted) throw new Stopped();
        if (!trouble.again || tries === PAUSES.length) {
          const error = trouble.again ? new Error(trouble.why) : new Refused(trouble.why);
          error.status = trouble.status;
          throw error;
        }
        await new Promise((done) => setTimeout(done, PAUSES[tries] * 1000));
        if (this.stop.signal.aborted) throw new Stopped();
      }
    }

    once(url, body, bytes) {
      return new Promise((done) => {
        const request = new XMLHttpRequest();
        const abort = () => request.abort();
        const end = (what) => {
          this.stop.signal.removeEventListener("abort", abort);
          this.underway.delete(request);
          if (what.told) this.sent += bytes;
          this.draw();
          done(what);
        };
        request.open("POST", url);
        request.setRequestHeader("Accept", "application/json");
        request.setRequestHeader("X-CSRFToken", this.token);
        request.timeout = 90_000;
        request.upload.onprogress = (event) => {
          this.underway.set(request, Math.min(event.loaded, bytes));
          this.draw();
        };
        request.onload = () => end(this.understand(request));
        request.onerror = () => end({ again: true, why: "The connection failed. Upload the file again." });
        request.ontimeout = () => end({ again: true, why: "The connection was too slow. Upload the file again." });
        request.onabort = () => end({ again: false, why: "Stopped." });
        this.stop.signal.addEventListener("abort", abort);
        request.send(body);
      });
    }

    understand(request) {
      let told = null;
      try {
        told = JSON.parse(request.responseText);
      } catch {
        told = null;
      }
      if (request.status === 200 && told && told.files) return { told };
      if (request.status === 200 || request.status === 403) {
        return { again: false, status: request.status, why: "You are no longer logged in. Load the page anew, log in and upload the file again." };
      }
      if (request.status === 404) {
        return { again: false, status: 404, why: "The draft is gone." };
      }
      const why = (told && told.error) || `The server did not take the file (${request.status}). Upload it again later.`;
      return { again: AGAIN.has(request.status), status: request.status, why };
    }

    settle(file, outcome, reason) {
      this.counts[outcome] += 1;
      if (outcome === "refused" && file.size > this.fileMax) this.sent += this.fileMax;
      if (outcome === "failed") this.sent += file.size;
      if (outcome !== "accepted") trouble(this.form, file.name, reason);
      this.draw();
    }

    draw() {
      if (this.drawing) return;
      this.drawing = true;
      requestAnimationFrame(() => {
        this.drawing = false;
        const moving = [...this.underway.values()].reduce((sum, n) => sum + n, 0);
        const bar = this.form.querySelector("[data-bar]");
        bar.max = this.bytes || 1;
        bar.value = this.settled() === this.files.length ? bar.max : Math.min(this.sent + moving, this.bytes);
        const status = this.form.querySelector("[data-status]");
        const words = this.words();
        if (status.textContent !== words) status.textContent = words;
      });
    }

    settled() {
      return Object.values(this.counts).reduce((sum, n) => sum + n, 0);
    }

    words() {
      const { accepted, duplicate, refused, failed } = this.counts;
      const also = [
        duplicate && `${duplicate} there already`,
        refused && `${refused} refused`,
        failed && `${failed} not sent`,
      ].filter(Boolean);
      const done = this.settled() === this.files.length;
      const head = done
        ? `Done: ${accepted} of ${this.files.length} files added`
        : this.stop.signal.aborted
          ? `Stopped: ${accepted} of ${this.files.length} files added`
          : `${accepted} of ${this.files.length} files added`;
      return [head, ...also].join(", ") + ".";
    }
  }

  function uuid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function trouble(form, name, reason) {
    const box = form.querySelector("[data-trouble]");
    const list = form.querySelector("[data-list]");
    box.hidden = false;
    if (list.children.length < SHOWN) {
      const item = document.createElement("li");
      const strong = document.createElement("strong");
      strong.textContent = name || "A file";
      item.append(strong, `: ${reason}`);
      list.append(item);
      return;
    }
    const more = form.querySelector("[data-more]");
    more.hidden = false;
    more.dataset.count = Number(more.dataset.count || 0) + 1;
    more.textContent = `… and ${more.dataset.count} more.`;
  }

  // A folder that is dropped holds files at any depth.
  async function dropped(items) {
    const files = [];
    const walk = async (entry) => {
      if (entry.isFile) {
        files.push(await new Promise((done, fail) => entry.file(done, fail)));
      } else if (entry.isDirectory) {
        const reader = entry.createReader();
        for (;;) {
          const some = await new Promise((done, fail) => reader.readEntries(done, fail));
          if (!some.length) break;
          for (const each of some) await walk(each);
        }
      }
    };
    const entries = [...items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    for (const entry of entries) await walk(entry);
    return files.filter((file) => !file.name.startsWith("."));
  }

  function equip(form) {
    const input = form.querySelector("input[type=file]");
    const drop = form.querySelector("[data-drop]");
    const send = form.querySelector("[data-send]");
    const sending = form.querySelector("[data-sending]");
    let upload = null;
    send.hidden = true;

    async function begin(files) {
      if (upload || !files.length) return;
      form.querySelector("[data-list]").replaceChildren();
      form.querySelector("[data-trouble]").hidden = true;
      const more = form.querySelector("[data-more]");
      more.hidden = true;
      more.dataset.count = 0;
      sending.hidden = false;
      form.querySelector("[data-stop]").hidden = false;
      input.disabled = true;
      drop.classList.add("busy");
      upload = new Upload(form, files);
      await upload.run();
      upload.draw();
      upload = null;
      input.disabled = false;
      input.value = "";
      drop.classList.remove("busy");
      form.querySelector("[data-stop]").hidden = true;
      htmx.trigger("#candidates", "refresh");
    }

    input.addEventListener("change", () => begin([...input.files]));
    const folder = form.querySelector("#folder");
    folder.closest("[data-folder]").hidden = false;
    folder.addEventListener("change", async () => {
      await begin([...folder.files].filter((file) => !file.name.startsWith(".")));
      folder.value = "";
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      begin([...input.files]);
    });
    form.querySelector("[data-stop]").addEventListener("click", () => upload?.stop.abort());
    drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", async (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      begin(await dropped(event.dataTransfer.items));
    });
    window.addEventListener("beforeunload", (event) => {
      if (upload) event.preventDefault();
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("form[data-upload]").forEach(equip);
  });
})();
