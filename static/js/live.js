// Parts of a page that refresh by themselves (htmx does the asking), and where the browser is.
"use strict";

// Times are shown in the reader's zone: the server has it from here unless they have chosen one.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

// The session may end while a page polls: the answer is then the log-in page, which belongs into
// the whole window and not into the part.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo } = event.detail;
  const asked = new URL(pathInfo.requestPath, location.href).pathname;
  if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
