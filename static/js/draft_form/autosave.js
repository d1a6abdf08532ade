// A form that saves itself while somebody types, and says so. Without this script there is its
// button.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const MOMENT = 1_200; // ms without a key, after which it saves
  const LONGEST = 30_000; // ms between tries while nothing comes through
  const state = form.querySelector("[data-save-state]");
  const meanwhile = form.querySelector("[data-meanwhile]");
  const words = form.dataset;
  let timer = 0;
  let pause = 0;
  let busy = false; // a save is on its way
  let again = false; // and another has been asked for
  let pressed = null; // and a button waits for it
  let dirty = false;
  let leaving = false;
  let stopped = !meanwhile.hidden;

  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };
  const unsaved = (why) => say(words.unsaved.replace("{why}", why));

  function soon(ms) {
    clearTimeout(timer);
    timer = setTimeout(save, ms);
  }

  function later(why) {
    dirty = true;
    unsaved(why);
    pause = Math.min(LONGEST, Math.max(2_000, pause * 2));
    soon(pause);
  }

  async function save() {
    clearTimeout(timer);
    if (stopped || leaving || !dirty) return;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    dirty = false;
    say(words.saving);
    const body = new FormData(form);
    body.delete("file"); // is sent by its own button
    try {
      const answer = await fetch(location.href, { method: "POST", body, headers: { Accept: "application/json" } });
      const told = await answer.json().catch(() => ({}));
      if (answer.ok && told.seen) {
        pause = 0;
        form.elements.seen.value = told.seen;
        if (location.pathname !== told.edit) {
          history.replaceState(null, "", told.edit);
          document.querySelector("h1").textContent = words.heading;
        }
        const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
        if (!dirty) say(words.saved.replace("{time}", time));
      } else if (told.meanwhile) {
        stopped = true;
        meanwhile.hidden = false;
        meanwhile.querySelector("[data-meanwhile-words]").textContent = told.meanwhile;
        meanwhile.querySelector("[data-meanwhile-look]").href = location.href;
        dirty = true;
        unsaved(told.meanwhile);
      } else if (told.error) {
        dirty = true;
        unsaved(told.error);
      } else if (answer.ok || answer.status === 403 || answer.status === 404) {
        later(words.ended);
      } else {
        later(words.trouble);
      }
    } catch {
      later(words.lost);
    } finally {
      busy = false;
      if (pressed) form.requestSubmit(pressed);
      else if (again) soon(0);
      again = false;
    }
  }

  form.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    dirty = true;
    soon(MOMENT);
  });
  form.addEventListener("change", (event) => {
    if (event.target.type === "file") return;
    dirty = true;
    soon(200);
  });
  window.addEventListener("online", () => dirty && soon(0));
  document.addEventListener("visibilitychange", () => document.hidden && save());
  // The text of a file: into an empty field by itself, and otherwise where somebody says.
  const description = form.elements.description;
  function take(part, how) {
    const { textContent: text, dataset } = part.querySelector("[data-described]");
    description.value = how === "append" ? `${description.value.trim()}\n\n${text}` : text;
    sessionStorage.setItem("taken", dataset.described);
    const told = part.querySelector("[data-described-state]");
    told.textContent = told.dataset.taken;
    part.querySelector(".actions").hidden = true;
    description.dispatchEvent(new Event("input", { bubbles: true }));
  }
  document.addEventListener("htmx:afterSettle", () => {
    const part = document.getElementById("described");
    const text = part?.querySelector("[data-described]");
    if (!text || description.value.trim() || sessionStorage.getItem("taken") === text.dataset.described) return;
    take(part, "replace");
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-take]");
    if (button) take(button.closest("#described"), button.dataset.take);
  });

  form.addEventListener("submit", (event) => {
    // Two at once would take each other for somebody else's change.
    if (busy) {
      event.preventDefault();
      pressed = event.submitter;
      return;
    }
    leaving = true;
    clearTimeout(timer);
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty && !leaving) {
      save();
      event.preventDefault();
    }
  });
});
