// Parts of a page that refresh by themselves (htmx does the asking).
"use strict";

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
