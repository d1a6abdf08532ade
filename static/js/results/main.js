// @ts-check
/**
 * The ranking: filters without a reload, keys, and what is checked. Without scripts all of it
 * works with links and forms.
 */

import { closest } from "../shared/dom.js";
import { onHtmx } from "../shared/htmx.js";
import { compareChecked } from "./comparison.js";
import { rememberDecision } from "./decisions.js";
import { followFilter, showFilters } from "./filters.js";
import { onKeydown, showKeys, showKeySetting, switchKeys } from "./keyboard.js";
import { rowBoxes, rows, select, selectFocused } from "./rows.js";
import { keepAcrossSwaps } from "./swap.js";

document.addEventListener("keydown", onKeydown);

document.addEventListener("click", (event) => {
  const link = closest(event, "a[data-filter]", HTMLAnchorElement);
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (link && isPlain) {
    event.preventDefault();
    followFilter(link);
  }
  if (closest(event, "[data-open-keys]")) showKeys();
  const compareButton = closest(event, "[data-compare]");
  if (compareButton) {
    event.preventDefault(); // htmx would put the comparison into the ranking
    compareChecked(compareButton);
  }
});

document.addEventListener("focusin", (event) => {
  const row = closest(event, "[data-row]");
  if (row) selectFocused(row);
});

document.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  if (target.matches("[data-all]")) {
    for (const box of rowBoxes()) box.checked = target.checked;
  }
  if (target.id === "keys-on") switchKeys(target.checked);
});

/** Bring what the server does not know up to date: after each swap, too. */
function update() {
  document.querySelector("[data-all]")?.removeAttribute("hidden");
  rememberDecision();
  showFilters();
}

function start() {
  update();
  showKeySetting();
  const first = rows()[0];
  if (first) select(first, { focus: false });
}

keepAcrossSwaps(update);
onHtmx("pushedIntoHistory", update);
onHtmx("historyRestore", start);
start();
