// @ts-check
/**
 * Tells the server the browser's time zone, in a cookie. Times are shown in it unless the reader
 * has chosen another. On every page.
 */

const YEAR_SECONDS = 31_536_000;

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `zone=${zone}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
}
