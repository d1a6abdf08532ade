// The editor of criteria: rows are added and removed without a reload. Without this script the form
// works too: it has blank rows, and a box to remove each.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const editor = document.getElementById("criteria");
  if (!editor) return;
  const rows = editor.querySelector("[data-rows]");
  const template = editor.querySelector("template[data-row]");
  const total = editor.querySelector("input[name$=TOTAL_FORMS]");
  const most = Number(editor.querySelector("input[name$=MAX_NUM_FORMS]").value);
  const add = editor.querySelector("[data-add]");

  function shown() {
    return [...rows.querySelectorAll("[data-criterion]:not([hidden])")];
  }

  function count() {
    add.disabled = shown().length >= most;
  }

  function equip(row) {
    const box = row.querySelector("input[name$=DELETE]");
    const button = row.querySelector("[data-remove]");
    button.hidden = false;
    box.hidden = true;
    row.querySelector(`label[for="${box.id}"]`).hidden = true;
    button.addEventListener("click", () => {
      const name = row.querySelector("input[name$='-name']");
      const left = shown();
      const next = left[left.indexOf(row) + 1] ?? left[left.indexOf(row) - 1];
      box.checked = true;
      row.hidden = true;
      // A browser that checks fields must not stop at one that nobody sees.
      name.required = false;
      (next ? next.querySelector("input:not([type=hidden])") : add).focus();
      count();
    });
    if (box.checked) row.hidden = true;
  }

  function append() {
    const holder = document.createElement("div");
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
    const row = holder.firstElementChild;
    rows.append(row);
    total.value = Number(total.value) + 1;
    equip(row);
    count();
    return row;
  }

  const part = (row, name) => row.querySelector(`[name$='-${name}']`);

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
      told.textContent = `${name} is not added: there are ${most} criteria already.`;
      return;
    }
    const row = empty ?? append();
    part(row, "name").value = name;
    part(row, "looks_for").value = looksFor;
    part(row, "weight").value = weight;
    part(row, "must_have").checked = "mustHave" in button.dataset;
    button.textContent = "Added";
    button.removeAttribute("aria-label");
    button.setAttribute("aria-disabled", "true");
    button.removeAttribute("data-suggested");
    told.textContent = `${name} is added to the form. Save the draft to keep it.`;
  });
  shown().forEach(equip);
  count();
});
