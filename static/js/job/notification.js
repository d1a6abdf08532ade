// @ts-check
/** A notification of the browser when the job is over, for who has asked for one. */

import { required, sentences } from "../shared/dom.js";

const isAllowed = () => "Notification" in window && Notification.permission === "granted";

/**
 * Offer a button that asks for the permission. The browser is asked at a press, never before.
 *
 * @param {HTMLElement} offer
 */
export function offerNotification(offer) {
  if (!("Notification" in window) || Notification.permission !== "default") return;
  const button = required(offer, "button");
  offer.hidden = false;
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = true;
    if (!isAllowed()) {
      required(offer, "[role=status]").textContent = sentences(offer).refused;
    }
  });
}

/**
 * Notify a reader who allows it and looks elsewhere.
 *
 * @param {HTMLElement} offer
 * @param {string} outcome how the job ended, in words
 */
export function notify(offer, outcome) {
  if (!document.hidden || !isAllowed()) return;
  const notification = new Notification(sentences(offer).over, {
    body: outcome,
    tag: location.pathname,
  });
  notification.addEventListener("click", () => {
    window.focus();
    notification.close();
  });
}
