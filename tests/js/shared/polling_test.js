// @ts-check
import assert from "node:assert/strict";
import { isRedirected } from "../../../static/js/shared/polling.js";

const BASE = "https://hire.example.com/jobs/1/";

Deno.test("an answer from the address asked for is no redirect, whatever its query", () => {
  assert.equal(isRedirected("https://hire.example.com/jobs/1/?seen=a", "/jobs/1/", BASE), false);
  assert.equal(isRedirected("https://hire.example.com/jobs/1/", "?seen=b", BASE), false);
});

Deno.test("the log-in page is a redirect; no answer is none", () => {
  assert.equal(isRedirected("https://hire.example.com/login/?next=/", "/jobs/1/", BASE), true);
  assert.equal(isRedirected("", "/jobs/1/", BASE), false);
});
