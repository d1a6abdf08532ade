// The ranking: filters without a reload, keys, and what is checked. Without this script all of it
// works by links and forms.
const KEYS = "results-keys";
const MOST = 4;
const acts = []; // what can be taken back, the last at the end
let current = null; // id of the row that the keys are about
let place = 0; // of it, for when it is gone after a decision

const results = () => document.getElementById("results");
const rows = () => [...document.querySelectorAll("[data-row]")];
const row = () => rows().find((one) => one.id === current);
const say = (text) => {
  const box = document.createElement("div");
  box.className = "toast-box";
  box.textContent = text;
  results().querySelector(".toast").replaceChildren(box);
};
const keysAreOn = () => localStorage.getItem(KEYS) !== "off";

// Filters: a link that filters fills the form, so that form, address and results stay one.
function follow(link) {
  const form = document.querySelector("form[data-filters]");
  const asked = new URL(link.href).searchParams;
  for (const field of form.elements) if (field.name) field.value = asked.get(field.name) ?? "";
  const more = form.querySelector("details.more");
  more.open ||= ["status", "from", "to", "flag", "by", "least"].some((name) => asked.get(name));
  form.requestSubmit();
}

function mark(row, { focus = true } = {}) {
  for (const one of rows()) one.tabIndex = one === row ? 0 : -1;
  current = row?.id ?? null;
  place = Math.max(0, rows().indexOf(row));
  if (row && focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(row());
  const inside = row()?.contains(document.activeElement);
  mark(all[inside ? Math.min(Math.max(at + by, 0), all.length - 1) : Math.max(at, 0)]);
}

const checked = () => [...document.querySelectorAll("[data-row] .pick input:checked")];

function undo() {
  const act = acts.pop();
  if (!act) return;
  const decide = document.getElementById("decide");
  const { csrfmiddlewaretoken, query, page } = Object.fromEntries(new FormData(decide));
  htmx.ajax("POST", decide.dataset.undoUrl, { target: "#results", values: { act, csrfmiddlewaretoken, query, page } });
}

const does = {
  j: () => step(1),
  ArrowDown: () => step(1),
  k: () => step(-1),
  ArrowUp: () => step(-1),
  o: () => row()?.querySelector("[data-open]").click(),
  Enter: () => row()?.querySelector("[data-open]").click(),
  c: () => row()?.querySelector(".pick input").click(),
  u: undo,
  "/": () => document.getElementById("q").focus(),
  "?": () => document.getElementById("keys").showModal(),
};
const UNNAMED = new Set(["ArrowDown", "ArrowUp", "Enter"]); // no characters: cannot be typed by mistake

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target;
  if (!results() || at.closest("dialog")) return;
  const types = at.isContentEditable || at.matches("select, textarea, input:not([type=checkbox])");
  if (types) return;
  // What is no character belongs to the row alone; elsewhere it scrolls and presses as ever.
  if (UNNAMED.has(event.key) ? !at.matches("[data-row]") : !keysAreOn()) return;
  const button = row()?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  const act = does[event.key] ?? (button && (() => button.click()));
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-filter]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    follow(link);
  }
  if (event.target.closest("[data-open-keys]")) document.getElementById("keys").showModal();
  const compare = event.target.closest("[data-compare]");
  if (compare) {
    const words = document.querySelector("[data-words]").dataset;
    const number = checked().length;
    // htmx would put the comparison into the ranking.
    event.preventDefault();
    if (number > MOST) say(words.atMost);
    else if (number < 2) say(words.atLeast);
    else {
      const query = checked().map((box) => `c=${box.value}`);
      location.assign(`${compare.getAttribute("formaction")}?${query.join("&")}`);
    }
  }
});

document.addEventListener("focusin", (event) => {
  const at = event.target.closest?.("[data-row]");
  if (at && at.id !== current) mark(at, { focus: false });
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of document.querySelectorAll("[data-row] .pick input")) box.checked = event.target.checked;
  }
  if (event.target.id === "keys-on") localStorage.setItem(KEYS, event.target.checked ? "on" : "off");
});

// A filter that cannot be used comes back with the reason, which belongs on the page.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

let held = null; // where the focus was, and what was checked, before the part came anew
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "results") return;
  held = {
    inside: results().contains(document.activeElement),
    onRow: document.activeElement.matches("[data-row]"),
    id: document.activeElement.id,
    checked: new Set(checked().map((box) => box.value)),
    decided: event.detail.requestConfig.verb === "post",
  };
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "results") return;
  ready();
  if (!held) return;
  const all = rows();
  const there = row() ?? all[Math.min(place, all.length - 1)];
  if (there) mark(there, { focus: false });
  const again = held.id && document.getElementById(held.id);
  if (held.inside && !(again && again === document.activeElement)) {
    if (again && !held.onRow) again.focus({ preventScroll: true });
    else if (there) mark(there);
    else document.getElementById("main").focus();
  }
  if (!held.decided) {
    for (const box of document.querySelectorAll("[data-row] .pick input")) box.checked = held.checked.has(box.value);
  }
  held = null;
});

function ready() {
  const all = document.querySelector("[data-all]");
  if (all) all.hidden = false;
  const form = results()?.querySelector("form[data-undo]");
  if (form && acts.at(-1) !== form.dataset.undo) acts.push(form.dataset.undo);
  const query = location.search.slice(1).replace(/(^|&)(page|undo)=[^&]*/g, "").replace(/^&/, "");
  for (const field of document.querySelectorAll("[data-present-query]")) field.value = query;
  for (const link of document.querySelectorAll(".views [data-query]")) {
    if (link.dataset.query === query) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("htmx:pushedIntoHistory", ready);
function begin() {
  ready();
  for (const button of document.querySelectorAll("[data-open-keys]")) button.hidden = false;
  const box = document.getElementById("keys-on");
  if (box) box.checked = keysAreOn();
  const first = rows()[0];
  if (first) mark(first, { focus: false });
}

document.addEventListener("htmx:historyRestore", begin);
begin();
