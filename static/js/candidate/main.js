// One candidate: from a quote to its mark and back, and the keys. All of it works without: quotes
// are links, decisions are forms.

const said = document.querySelector("#said");
const dialog = document.querySelector("#keys");
const opener = document.querySelector("#show-keys");
let left = null; // the quote's link, to which "back" leads

const find = (id) => (id ? document.getElementById(id) : null);

// The boxes of one quote on a page, or its stretches in the text; the first has its id.
function stretches(mark) {
  if (mark.dataset.quote) {
    return [...document.querySelectorAll(`#pane [data-quote="${mark.dataset.quote}"]`)];
  }
  return [mark.matches("mark") ? mark : mark.nextElementSibling ?? mark];
}

function clear() {
  for (const one of document.querySelectorAll("#pane .current")) one.classList.remove("current");
  document.querySelector("a.quote[aria-current]")?.removeAttribute("aria-current");
}

function goTo(link) {
  const mark = find(link.hash.slice(1));
  if (!mark) return false;
  clear();
  left = link;
  link.setAttribute("aria-current", "true");
  for (const one of stretches(mark)) one.classList.add("current");
  mark.closest("details")?.setAttribute("open", "");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  mark.focus({ preventScroll: true });
  mark.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  const back = find("back");
  if (back) back.hidden = false;
  return true;
}

function goBack() {
  if (!left) return;
  left.focus({ preventScroll: true });
  left.scrollIntoView({ block: "center" });
  const back = find("back");
  if (back) back.hidden = true;
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a.quote");
  if (link && goTo(link)) event.preventDefault();
  if (event.target.closest("#back")) goBack();
});

// What a swap took away is found again: the mark that was looked at, and what has changed is said.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "pane" && left) goTo(left);
  const told = document.querySelector("#judgement [data-say]");
  if (event.target.id === "judgement" && told && said) {
    said.textContent = told.textContent.replace(/\s+/g, " ").trim();
  }
});

if (dialog && opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => dialog.showModal());
}

const press = (id) => find(id)?.click();
const keys = {
  j: () => press("after"),
  n: () => press("after"),
  k: () => press("before"),
  p: () => press("before"),
  b: goBack,
  t: () => document.querySelector("#pane .views a:not([aria-current])")?.click(),
  "?": () => dialog?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || dialog?.open) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const button = document.querySelector(`#judgement button[data-key="${CSS.escape(event.key)}"]`);
  const act = button ? () => button.click() : keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
