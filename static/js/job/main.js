// The page of a job while it lives: title of the tab, what a screen reader is told, and a
// notification of the browser for who has asked for one and looks elsewhere when it is over.
"use strict";

const ask = document.querySelector("[data-ask]");
const said = document.querySelector("[data-said]");
let before = document.getElementById("job").dataset;

document.addEventListener("htmx:afterSwap", () => {
  const now = document.getElementById("job").dataset;
  document.title = now.title;
  if (now.say !== before.say) {
    said.textContent = now.say;
  }
  if ("open" in before && !("open" in now) && ask) {
    tell(now.say);
    ask.hidden = true;
  }
  before = now;
});

function mayTell() {
  return "Notification" in window && Notification.permission === "granted";
}

function tell(how) {
  if (document.hidden && mayTell()) {
    const told = new Notification(ask.dataset.over, { body: how, tag: location.pathname });
    told.addEventListener("click", () => {
      window.focus();
      told.close();
    });
  }
}

// Asked at a press and never by itself.
if (ask && "Notification" in window && Notification.permission === "default") {
  ask.hidden = false;
  ask.querySelector("button").addEventListener("click", async () => {
    await Notification.requestPermission();
    ask.querySelector("button").hidden = true;
    if (!mayTell()) {
      ask.querySelector("[role=status]").textContent = ask.dataset.refused;
    }
  });
}
