// Uploads of any number of files: small ones together in requests of a bounded size, large ones in
// pieces, a few requests at a time. A lost connection is waited out; what was chosen is kept in the
// browser (IndexedDB) until the server has it, so that a reload goes on where it stopped. Without
// this script the form is a plain form.
"use strict";

(() => {
  const AT_ONCE = 3;
  const PAUSES = [1, 3, 8, 20]; // seconds before each further try, where the server has trouble
  const LONGEST = 30; // seconds between tries while there is no connection
  const SHOWN = 100; // files with trouble that are listed; the others are counted
  const ROOM = 64 * 1024; // what names and boundaries of a request may take
  const EACH = 2048; // bytes that a file costs beside its own, for the time that is left
  const AT_A_TIME = 200; // files that are kept in one transaction
  const SLICE = 20; // ms of work before the page may breathe
  const REFRESH = 1_500; // ms between looks at the list of the draft
  const AGAIN = new Set([408, 425, 429, 500, 502, 503, 504]);

  class Refused extends Error {}
  class Stopped extends Error {}
  class Unreadable extends Error {}

  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const whole = (n) => n.toLocaleString(document.documentElement.lang);

  // What is chosen and not yet sent, by draft. Where there is no such store nothing is kept.
  class Kept {
    constructor(draft) {
      this.draft = draft;
      this.opened = new Promise((done) => {
        const asked = indexedDB.open("uploads", 1);
        asked.onupgradeneeded = () => {
          asked.result.createObjectStore("files", { keyPath: "id" }).createIndex("draft", "draft");
        };
        asked.onsuccess = () => done(asked.result);
        asked.onerror = asked.onblocked = () => done(null);
      }).catch(() => null);
    }

    async store(write) {
      const base = await this.opened;
      if (!base) return false;
      return new Promise((done) => {
        try {
          const transaction = base.transaction("files", "readwrite");
          transaction.oncomplete = () => done(true);
          transaction.onerror = transaction.onabort = () => done(false);
          write(transaction.objectStore("files"));
        } catch {
          done(false);
        }
      });
    }

    async add(entries) {
      let next = 0;
      while (next < entries.length) {
        const some = [];
        const good = await this.store((files) => {
          const until = performance.now() + SLICE;
          while (next < entries.length && some.length < AT_A_TIME && performance.now() < until) {
            const one = entries[next++];
            if (one.over) continue;
            const { id, file, size, upload } = one;
            files.put({ id, draft: this.draft, file, size, upload });
            some.push(one);
          }
        });
        if (!good) return false;
        for (const one of some) one.kept = true;
        await this.remove(some.filter((one) => one.over));
        await wait(0);
      }
      return true;
    }

    remove(entries) {
      const ids = entries.filter((one) => one.kept).map((one) => one.id);
      return ids.length ? this.store((files) => ids.forEach((id) => files.delete(id))) : true;
    }

    async all() {
      const base = await this.opened;
      if (!base) return [];
      return new Promise((done) => {
        const asked = base.transaction("files").objectStore("files").index("draft").getAll(this.draft);
        asked.onsuccess = () => done(asked.result);
        asked.onerror = () => done([]);
      });
    }
  }

  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  class Upload {
    constructor(form, kept, entries, troubles) {
      this.form = form;
      this.kept = kept;
      this.troubles = troubles;
      this.words = form.querySelector("[data-words]").dataset;
      this.url = form.action;
      this.pieceUrl = form.dataset.piece;
      this.requestMax = Number(form.dataset.requestMax) - ROOM;
      this.filesMax = Number(form.dataset.filesMax);
      this.fileMax = Number(form.dataset.fileMax);
      this.archiveMax = Number(form.dataset.archiveMax);
      this.token = form.querySelector("input[name=csrfmiddlewaretoken]").value;
      this.stop = new AbortController();
      this.entries = entries;
      this.bytes = 0;
      this.sent = 0;
      this.settled = 0;
      this.counts = { accepted: 0, duplicate: 0, refused: 0, failed: 0 };
      this.underway = new Map();
      this.offline = false;
      this.pace = 0;
      this.over = [];
    }

    async run() {
      const jobs = this.plan();
      this.draw();
      this.began = performance.now();
      let next = 0;
      const worker = async () => {
        while (next < jobs.length && !this.stop.signal.aborted) {
          await jobs[next++]();
          this.refresh();
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      await this.kept.remove(this.over.splice(0));
    }

    // Requests to send, as functions: batches of small files, and files in pieces.
    plan() {
      const jobs = [];
      let batch = [];
      let size = 0;
      const close = () => {
        if (batch.length) {
          const several = batch;
          jobs.push(() => this.sendBatch(several));
        }
        batch = [];
        size = 0;
      };
      for (const entry of this.entries) {
        const { file, size: bytes } = entry;
        const isArchive = file.name.toLowerCase().endsWith(".zip");
        const most = isArchive ? this.archiveMax : this.fileMax;
        if (bytes > most) {
          const words = isArchive ? this.words.largeArchive : this.words.largeFile;
          this.settle(entry, "refused", fill(words, { mb: most / 1048576 }));
          continue;
        }
        this.bytes += bytes + EACH;
        if (bytes > this.requestMax) {
          jobs.push(() => this.sendInPieces(entry, true));
        } else {
          if (batch.length >= this.filesMax || size + bytes > this.requestMax) close();
          batch.push(entry);
          size += bytes;
        }
      }
      close();
      return jobs;
    }

    async sendBatch(entries) {
      const body = new FormData();
      for (const { file } of entries) body.append("files", file, file.name);
      try {
        const told = await this.send(this.url, body, entries, 0);
        // A name that nothing is left of does not come back: what is missing was not taken in.
        const byName = new Map(told.files.map((one) => [one.name, one]));
        entries.forEach((entry, place) => {
          const one = told.files.length === entries.length ? told.files[place] : byName.get(entry.file.name);
          if (one) this.settle(entry, one.outcome, one.reason);
          else this.settle(entry, "refused", this.words.nameless);
        });
      } catch (error) {
        if (error instanceof Stopped) return;
        if (error instanceof Unreadable) {
          // One file that was changed meanwhile breaks the whole request.
          const good = [];
          for (const entry of entries) {
            if (await readable(entry.file)) good.push(entry);
            else this.settle(entry, "failed", this.words.unreadable);
          }
          if (good.length) await this.sendBatch(good);
          return;
        }
        for (const entry of entries) this.settle(entry, "failed", error.message);
      }
    }

    async sendInPieces(entry, mayStartAnew) {
      const { file, size } = entry;
      const total = Math.ceil(size / this.requestMax);
      try {
        const there = new Set(entry.resumed ? await this.parts(entry) : []);
        let told = { files: [] };
        for (let number = 0; number < total; number += 1) {
          const from = number * this.requestMax;
          const part = file.slice(from, from + this.requestMax);
          if (there.has(number) && number < total - 1) {
            this.sent += part.size;
            continue;
          }
          const body = new FormData();
          const fields = { upload: entry.upload, number, total, name: file.name };
          for (const [key, value] of Object.entries(fields)) body.append(key, value);
          body.append("piece", part, "piece");
          told = await this.send(this.pieceUrl, body, [entry], from, part.size);
        }
        this.sent -= size; // `settle` counts the whole
        this.settle(entry, told.files[0].outcome, told.files[0].reason);
      } catch (error) {
        if (error instanceof Stopped) return;
        if (error.status === 409 && mayStartAnew) {
          entry.upload = uuid();
          entry.resumed = false;
          return this.sendInPieces(entry, false);
        }
        this.settle(entry, "failed", error instanceof Unreadable ? this.words.unreadable : error.message);
      }
    }

    // Which parts of a file came through before the upload was cut short.
    async parts(entry) {
      for (let pause = 1; ; pause = Math.min(LONGEST, pause * 2)) {
        try {
          const answer = await fetch(`${this.pieceUrl}?upload=${entry.upload}`, { headers: { Accept: "application/json" } });
          return answer.ok ? ((await answer.json()).parts ?? []) : [];
        } catch {
          await this.untilOnline(pause);
          if (this.stop.signal.aborted) throw new Stopped();
        }
      }
    }

    // One request, tried again after trouble on the way; the answer as an object.
    async send(url, body, entries, from, bytes) {
      let pause = 1;
      for (let tries = 0; ; ) {
        const trouble = await this.once(url, body, entries, from, bytes);
        if (trouble.told) return trouble.told;
        if (this.stop.signal.aborted) throw new Stopped();
        if (trouble.cut) {
          for (const { file } of entries) if (!(await readable(file))) throw new Unreadable();
          await this.untilOnline(pause);
          pause = Math.min(LONGEST, pause * 2);
        } else if (trouble.again && tries < PAUSES.length) {
          await this.sleep(PAUSES[tries++] * 1000);
        } else {
          const error = new Refused(trouble.why);
          error.status = trouble.status;
          throw error;
        }
        if (this.stop.signal.aborted) throw new Stopped();
      }
    }

    // Until the browser says that there is a network again, or for a while that grows.
    async untilOnline(seconds) {
      this.offline = true;
      this.draw();
      await this.sleep(seconds * 1000, "online");
    }

    sleep(ms, event = "") {
      return new Promise((done) => {
        const end = () => {
          clearTimeout(timer);
          this.stop.signal.removeEventListener("abort", end);
          window.removeEventListener(event, end);
          done();
        };
        const timer = setTimeout(end, ms);
        this.stop.signal.addEventListener("abort", end);
        if (event) window.addEventListener(event, end);
      });
    }

    once(url, body, entries, from, bytes) {
      return new Promise((done) => {
        const request = new XMLHttpRequest();
        const abort = () => request.abort();
        const end = (what) => {
          this.stop.signal.removeEventListener("abort", abort);
          this.underway.delete(request);
          if (what.told && bytes) this.sent += bytes;
          if (!what.cut) this.offline = false;
          this.draw();
          done(what);
        };
        const progress = { entries, from, loaded: 0 };
        this.underway.set(request, progress);
        request.open("POST", url);
        request.setRequestHeader("Accept", "application/json");
        request.setRequestHeader("X-CSRFToken", this.token);
        request.timeout = 90_000;
        request.upload.onprogress = (event) => {
          progress.loaded = event.loaded;
          this.offline = false;
          this.draw();
        };
        request.onload = () => end(this.understand(request));
        request.onerror = () => end({ cut: true });
        request.ontimeout = () => end({ cut: true });
        request.onabort = () => end({});
        this.stop.signal.addEventListener("abort", abort);
        request.send(body);
        this.draw();
      });
    }

    understand(request) {
      let told = null;
      try {
        told = JSON.parse(request.responseText);
      } catch {
        told = null;
      }
      const { status } = request;
      if (status === 200 && told && told.files) return { told };
      if (status === 200 || status === 403) return { status, why: this.words.ended };
      if (status === 404) return { status, why: this.words.gone };
      const why = (told && told.error) || fill(this.words.server, { status });
      return { again: AGAIN.has(status), status, why };
    }

    settle(entry, outcome, reason) {
      // What came through just before the connection broke is no duplicate of another file.
      if (outcome === "duplicate" && entry.resumed) outcome = "accepted";
      this.counts[outcome] += 1;
      this.settled += 1;
      const most = entry.file.name.toLowerCase().endsWith(".zip") ? this.archiveMax : this.fileMax;
      if (entry.size <= most) this.sent += entry.size + EACH;
      entry.over = true;
      if (outcome === "failed") {
        entry.over = false; // it can be tried again, also after a reload
      } else {
        this.over.push(entry);
        if (this.over.length >= AT_A_TIME) this.kept.remove(this.over.splice(0));
      }
      if (outcome !== "accepted") this.troubles.add(entry, outcome, reason);
      this.draw();
    }

    refresh() {
      if (this.refreshing) return;
      this.refreshing = setTimeout(() => {
        this.refreshing = 0;
        htmx.trigger("#candidates", "refresh");
      }, REFRESH);
    }

    draw() {
      if (this.drawing) return;
      this.drawing = true;
      requestAnimationFrame(() => {
        this.drawing = false;
        const moving = [...this.underway.values()];
        const now = moving.reduce((sum, one) => sum + one.loaded, 0);
        const done = this.settled === this.entries.length;
        const bar = this.form.querySelector("[data-bar]");
        bar.max = this.bytes || 1;
        bar.value = done ? bar.max : Math.min(this.sent + now, this.bytes);
        set(this.form.querySelector("[data-status]"), this.said(done));
        set(this.form.querySelector("[data-pace]"), done || this.stop.signal.aborted ? "" : this.told(now));
        this.drawMoving(moving);
      });
    }

    // The file that each request is at, with how much of it is gone.
    drawMoving(moving) {
      const list = this.form.querySelector("[data-moving]");
      while (list.children.length > moving.length) list.lastElementChild.remove();
      moving.forEach(({ entries, from, loaded }, place) => {
        let item = list.children[place];
        if (!item) {
          item = document.createElement("li");
          const name = document.createElement("span");
          const bar = document.createElement("progress");
          bar.max = 1;
          item.append(name, bar);
          list.append(item);
        }
        let left = loaded;
        let at = entries.find(({ size }) => {
          if (left <= size) return true;
          left -= size;
          return false;
        });
        if (!at) {
          at = entries[entries.length - 1];
          left = at.size;
        }
        set(item.firstElementChild, at.file.name);
        item.lastElementChild.value = at.size ? Math.min(1, (from + left) / at.size) : 1;
        item.lastElementChild.setAttribute("aria-label", at.file.name);
      });
    }

    told(now) {
      if (this.offline) return this.words.offline;
      const seconds = (performance.now() - this.began) / 1000;
      const gone = this.sent + now;
      if (seconds < 1 || !gone) return "";
      // Told anew twice a second, or nobody could read it.
      if (!this.paced || seconds - this.paced > 0.5) {
        const fresh = (gone - (this.before ?? 0)) / (seconds - (this.paced ?? 0));
        this.pace = this.pace ? 0.8 * this.pace + 0.2 * Math.max(fresh, 1) : gone / seconds;
        this.before = gone;
        this.paced = seconds;
        const left = Math.max(1, Math.round((this.bytes - gone) / this.pace));
        const { seconds: s, minutes: m } = this.words;
        this.pacing = fill(this.words.pace, {
          speed: this.pace < 1e6 ? `${whole(Math.round(this.pace / 1e3))} kB` : `${(this.pace / 1e6).toFixed(1)} MB`,
          left: left < 90 ? fill(s, { n: left }) : fill(m, { n: Math.round(left / 60) }),
        });
      }
      return this.pacing;
    }

    said(done) {
      const { accepted, duplicate, refused, failed } = this.counts;
      const also = [
        duplicate && fill(this.words.there, { n: duplicate }),
        refused && fill(this.words.refused, { n: refused }),
        failed && fill(this.words.failed, { n: failed }),
      ].filter(Boolean);
      const head = done ? this.words.done : this.stop.signal.aborted ? this.words.stopped : this.words.going;
      return [fill(head, { accepted, total: this.entries.length }), ...also].join(", ") + ".";
    }
  }

  function set(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  async function readable(file) {
    try {
      await file.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  // What was not taken in, with the reason: a bounded list, however many there are.
  class Troubles {
    constructor(form, kept, again) {
      this.form = form;
      this.kept = kept;
      this.again = again;
      this.words = form.querySelector("[data-words]").dataset;
      this.box = form.querySelector("[data-trouble]");
      this.list = form.querySelector("[data-list]");
      this.all = new Map(); // id to [entry, outcome, reason]
      form.querySelector("[data-retry-all]").addEventListener("click", () => this.retry(this.retryable()));
      form.querySelector("[data-remove-all]").addEventListener("click", () => this.remove([...this.all.keys()]));
      this.list.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        const item = button.closest("li");
        const next = item.nextElementSibling ?? item.previousElementSibling;
        const ids = [item.dataset.id];
        if ("again" in button.dataset) this.retry(ids);
        else this.remove(ids);
        (next?.isConnected ? next.querySelector("button") : this.list).focus();
      });
    }

    add(entry, outcome, reason) {
      this.all.set(entry.id, [entry, outcome, reason]);
      this.draw();
    }

    // What is there already would only be refused again.
    retryable() {
      return [...this.all].filter(([, [, outcome]]) => outcome !== "duplicate").map(([id]) => id);
    }

    retry(ids) {
      const entries = ids.map((id) => this.all.get(id)[0]);
      this.forget(ids);
      this.again(entries.map(({ file, size, upload }) => ({ id: uuid(), file, size, upload, resumed: true })));
      this.kept.remove(entries);
    }

    remove(ids) {
      this.kept.remove(ids.map((id) => this.all.get(id)[0]));
      this.forget(ids);
    }

    forget(ids) {
      for (const id of ids) this.all.delete(id);
      const gone = new Set(ids);
      for (const item of [...this.list.children]) if (gone.has(item.dataset.id)) item.remove();
      if (!this.all.size) this.form.querySelector("[data-drop] input").focus();
      this.draw();
    }

    draw() {
      if (this.drawing) return;
      this.drawing = true;
      requestAnimationFrame(() => {
        this.drawing = false;
        this.box.hidden = !this.all.size;
        const there = new Set([...this.list.children].map((item) => item.dataset.id));
        for (const [id, [entry, outcome, reason]] of this.all) {
          if (this.list.children.length >= SHOWN) break;
          if (!there.has(id)) this.list.append(this.item(entry, outcome, reason));
        }
        this.form.querySelector("[data-retry-all]").hidden = !this.retryable().length;
        const more = this.form.querySelector("[data-more]");
        const n = this.all.size - this.list.children.length;
        more.hidden = n <= 0;
        set(more, fill(this.words.more, { n: whole(n) }));
      });
    }

    item(entry, outcome, reason) {
      const item = document.createElement("li");
      const text = document.createElement("span");
      const strong = document.createElement("strong");
      const { name } = entry.file;
      strong.textContent = name;
      text.append(strong, `: ${reason}`);
      item.append(text);
      for (const key of outcome === "duplicate" ? ["remove"] : ["again", "remove"]) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "plain";
        button.dataset[key] = "";
        button.textContent = this.words[key];
        button.setAttribute("aria-label", fill(this.words[`${key}Of`], { name }));
        item.append(button);
      }
      item.dataset.id = entry.id;
      return item;
    }
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

  async function equip(form) {
    const part = (name) => form.querySelector(`[data-${name}]`);
    const input = form.querySelector("input[type=file]");
    const drop = part("drop");
    const words = part("words").dataset;
    const kept = new Kept(form.dataset.upload);
    let upload = null;
    let sizing = false;
    let safe = true; // all that is on its way would outlive a reload
    part("send").hidden = true;
    const troubles = new Troubles(form, kept, begin);

    // How large a file is the browser asks the disk, and waits for it: a few at a time.
    async function choose(files) {
      if (upload || sizing || !files.length) return;
      sizing = true;
      const entries = [];
      let until = performance.now() + SLICE;
      for (const file of [...files]) {
        entries.push({ id: uuid(), file, size: file.size, upload: uuid() });
        if (performance.now() > until) {
          await wait(0);
          until = performance.now() + SLICE;
        }
      }
      sizing = false;
      await begin(entries);
    }

    async function begin(entries) {
      if (upload || !entries.length) return;
      part("kept").hidden = true;
      part("sending").hidden = false;
      part("stop").hidden = false;
      input.disabled = true;
      drop.classList.add("busy");
      upload = new Upload(form, kept, entries, troubles);
      safe = false;
      kept.add(entries.filter((one) => !one.kept)).then((good) => (safe = good));
      await upload.run();
      upload.draw();
      const stopped = upload.stop.signal.aborted;
      upload = null;
      input.disabled = false;
      input.value = "";
      drop.classList.remove("busy");
      part("stop").hidden = true;
      htmx.trigger("#candidates", "refresh");
      if (stopped) offer();
    }

    // What an earlier visit, or a press on Stop, left to be sent.
    async function offer() {
      const left = await kept.all();
      if (!left.length || upload) return;
      set(part("kept-words"), fill(words.kept, { n: whole(left.length) }));
      set(part("resume"), fill(words.resume, { n: whole(left.length) }));
      part("kept").hidden = false;
    }

    const left = async () => (await kept.all()).map((one) => ({ ...one, kept: true, resumed: true }));
    part("resume").addEventListener("click", async () => begin(await left()));
    part("forget").addEventListener("click", async () => {
      await kept.remove(await left());
      part("kept").hidden = true;
      input.focus();
    });
    input.addEventListener("change", () => choose(input.files));
    const folder = form.querySelector("#folder");
    folder.closest("[data-folder]").hidden = false;
    folder.addEventListener("change", async () => {
      await choose([...folder.files].filter((file) => !file.name.startsWith(".")));
      folder.value = "";
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      choose(input.files);
    });
    part("stop").addEventListener("click", () => upload?.stop.abort());
    drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", async (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      choose(await dropped(event.dataTransfer.items));
    });
    window.addEventListener("beforeunload", (event) => {
      if (upload && !safe) event.preventDefault();
    });
    await offer();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("form[data-upload]").forEach(equip);
  });
})();
