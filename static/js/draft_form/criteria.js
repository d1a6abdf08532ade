// The editor of criteria: rows are added, removed and moved without a reload. Without this script
// the form works too: it has blank rows, a box to remove each, and a field for its place.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const editor = document.getElementById("criteria");
  if (!editor) return;
  const rows = editor.querySelector("[data-rows]");
  const template = editor.querySelector("template[data-row]");
  const total = editor.querySelector("input[name$=TOTAL_FORMS]");
  const most = Number(editor.querySelector("input[name$=MAX_NUM_FORMS]").value);
  const add = editor.querySelector("[data-add]");
  const moved = editor.querySelector("[data-told-moved]");

  const part = (row, name) => row.querySelector(`[name$='-${name}']`);
  const shown = () => [...rows.querySelectorAll("[data-criterion]:not([hidden])")];
  const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, key) => values[key]);

  // Whoever saves by himself is told of changes that no field tells.
  function changed() {
    editor.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function count() {
    add.disabled = shown().length >= most;
  }

  function number() {
    shown().forEach((row, place) => {
      part(row, "ORDER").value = place + 1;
    });
  }

  function move(row, by) {
    const all = shown();
    const other = all[all.indexOf(row) + by];
    if (other) {
      if (by < 0) other.before(row);
      else other.after(row);
      number();
      changed();
    }
    tell(row);
  }

  function tell(row) {
    const all = shown();
    const name = part(row, "name").value || editor.dataset.unnamed;
    moved.textContent = fill(editor.dataset.moved, { name, place: all.indexOf(row) + 1, count: all.length });
  }

  function equip(row) {
    const box = part(row, "DELETE");
    const button = row.querySelector("[data-remove]");
    button.hidden = false;
    box.hidden = true;
    row.querySelector(`label[for="${box.id}"]`).hidden = true;
    row.querySelector("[data-place]").hidden = true;
    row.querySelector("[data-move]").hidden = false;
    button.addEventListener("click", () => {
      const left = shown();
      const next = left[left.indexOf(row) + 1] ?? left[left.indexOf(row) - 1];
      box.checked = true;
      row.hidden = true;
      // A browser that checks fields must not stop at one that nobody sees.
      part(row, "name").required = false;
      (next ? next.querySelector("input:not([type=hidden])") : add).focus();
      count();
      changed();
    });
    for (const [name, by] of [["up", -1], ["down", 1]]) {
      const mover = row.querySelector(`[data-${name}]`);
      mover.addEventListener("click", () => {
        move(row, by);
        mover.focus();
      });
    }
    row.querySelector("[data-handle]").addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault(); // or text would be marked on the way
      drag(row);
    });
    if (box.checked) row.hidden = true;
  }

  // By mouse, pen or finger; the row moves as soon as another one's middle is passed. The window
  // listens: a row that changes places lets go of the pointer.
  function drag(row) {
    row.classList.add("dragged");
    const follow = ({ clientY }) => {
      const other = shown().find((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return one !== row && clientY >= top && clientY <= bottom;
      });
      if (!other) return;
      const { top, height } = other.getBoundingClientRect();
      if (clientY < top + height / 2) other.before(row);
      else other.after(row);
    };
    const end = () => {
      window.removeEventListener("pointermove", follow);
      row.classList.remove("dragged");
      number();
      changed();
      tell(row);
    };
    window.addEventListener("pointermove", follow);
    window.addEventListener("pointerup", end, { once: true });
  }

  function append() {
    const holder = document.createElement("div");
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
    const row = holder.firstElementChild;
    rows.append(row);
    total.value = Number(total.value) + 1;
    equip(row);
    number();
    count();
    return row;
  }

  add.hidden = false;
  add.addEventListener("click", () => {
    append().querySelector("input:not([type=hidden])").focus();
  });

  // A suggested criterion goes into the first empty row, or into a new one; it counts when saved.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-suggested]");
    if (!button) return;
    const told = button.closest(".suggestions").querySelector("[data-told]");
    const { name, looksFor, weight } = button.dataset;
    const empty = shown().find((row) => !part(row, "name").value && !part(row, "looks_for").value);
    if (!empty && add.disabled) {
      told.textContent = fill(editor.dataset.full, { name, count: most });
      return;
    }
    const row = empty ?? append();
    part(row, "name").value = name;
    part(row, "looks_for").value = looksFor;
    part(row, "weight").value = weight;
    part(row, "must_have").checked = "mustHave" in button.dataset;
    button.textContent = editor.dataset.added;
    button.removeAttribute("aria-label");
    button.setAttribute("aria-disabled", "true");
    button.removeAttribute("data-suggested");
    told.textContent = fill(editor.dataset.addedOne, { name });
    changed();
  });
  shown().forEach(equip);
  number();
  count();
});
