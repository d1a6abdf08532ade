"""Uploads by the script: many small files, large ones in pieces, trouble on the way."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from candidates.models import Draft, Piece

from .conftest import until

MB = 1024 * 1024
MANY = 1_000
# How much of the page changes in one turn at most; the milliseconds are measured in `make bench`.
MOST_CHANGES = """() => {
  window.most = 0;
  const look = (changes) => { window.most = Math.max(window.most, changes.length); };
  const all = { childList: true, attributes: true, characterData: true, subtree: true };
  new MutationObserver(look).observe(document.body, all);
}"""


@pytest.fixture
def sent(at_home: Page) -> list[Request]:
    """Every request with files in it."""
    requests: list[Request] = []
    at_home.on(
        "requestfinished",
        lambda request: requests.append(request) if request.method == "POST" else None,
    )
    return requests


def write(folder: Path, **contents: bytes) -> list[Path]:
    for name, data in contents.items():
        (folder / f"{name}.txt").write_bytes(data)
    return [folder / f"{name}.txt" for name in contents]


def choose(page: Page, draft: Draft, paths: list[Path]) -> None:
    page.goto(draft.get_absolute_url())
    page.locator("#files").set_input_files(paths)


def test_a_thousand_files_go_in_small_requests_and_the_page_stays_small(
    at_home: Page, draft: Draft, sent: list[Request], tmp_path: Path
) -> None:
    paths = write(tmp_path, **{f"cv{number}": f"{number}\n".encode() for number in range(MANY)})

    at_home.goto(draft.get_absolute_url())
    at_home.evaluate(MOST_CHANGES)
    at_home.locator("#files").set_input_files(paths)

    expect(at_home.locator("[data-status]")).to_have_text(f"Done: {MANY} of {MANY} files added.")
    assert at_home.evaluate("window.most") < 200  # none of the page's turns touches every file
    assert draft.candidates.count() == MANY
    assert MANY // 50 <= len(sent) <= MANY // 50 + 1
    assert at_home.evaluate("document.querySelectorAll('*').length") < 1_000
    expect(at_home.locator("#candidates")).to_contain_text("0 of 1,000 read")


def test_no_request_is_larger_than_ten_megabytes(
    at_home: Page, draft: Draft, sent: list[Request], tmp_path: Path
) -> None:
    large = {f"large{number}": bytes([65 + number]) * (5 * MB) for number in range(4)}
    huge = b"".join(bytes([number]) * MB for number in range(17))

    choose(at_home, draft, write(tmp_path, **large, huge=huge))

    expect(at_home.locator("[data-status]")).to_have_text("Done: 5 of 5 files added.")
    sizes = [int(request.all_headers()["content-length"]) for request in sent]
    assert max(sizes) < 10 * MB and sum(sizes) > 37 * MB
    with draft.candidates.get(filename="huge.txt").file.open("rb") as stored:
        assert stored.read() == huge
    assert not Piece.objects.exists()


def test_what_is_not_taken_in_is_listed_with_its_reason(
    at_home: Page, draft: Draft, tmp_path: Path
) -> None:
    paths = write(tmp_path, good=b"a", twin=b"a", empty=b"", giant=b"x" * (26 * MB))

    choose(at_home, draft, paths)

    expect(at_home.locator("[data-status]")).to_have_text(
        "Done: 1 of 4 files added, 1 there already, 2 refused."
    )
    trouble = at_home.locator(".trouble")
    expect(trouble).to_contain_text("twin.txt: The same file as good.txt; it counts once.")
    expect(trouble).to_contain_text("empty.txt: The file is empty.")
    expect(trouble).to_contain_text("giant.txt: The file is larger than 25 MB.")


@pytest.mark.complaints("ERR_CONNECTION_RESET", "htmx:")
def test_a_request_that_fails_is_sent_again(at_home: Page, draft: Draft, tmp_path: Path) -> None:
    broken: list[str] = []

    def break_once(route: Route) -> None:
        if broken:
            route.continue_()
        else:
            broken.append(route.request.url)
            route.abort("connectionreset")

    at_home.route("**/upload/", break_once)

    choose(at_home, draft, write(tmp_path, first=b"1", second=b"2"))

    expect(at_home.locator("[data-status]")).to_have_text("Done: 2 of 2 files added.")
    assert broken and draft.candidates.count() == 2


@pytest.mark.complaints("Failed to load", "htmx:")
def test_an_upload_that_is_stopped_keeps_what_is_there(
    at_home: Page, draft: Draft, tmp_path: Path
) -> None:
    held: list[Route] = []
    at_home.route("**/upload/", lambda route: held.append(route))
    choose(at_home, draft, write(tmp_path, first=b"1"))

    at_home.get_by_role("button", name="Stop the upload").click()

    expect(at_home.locator("[data-status]")).to_have_text("Stopped: 0 of 1 files added.")
    expect(at_home.locator("#files")).to_be_enabled()


@pytest.mark.complaints("404", "htmx:")
def test_a_draft_that_is_gone_is_told(at_home: Page, draft: Draft, tmp_path: Path) -> None:
    at_home.goto(draft.get_absolute_url())
    Draft.objects.all().delete()

    at_home.locator("#files").set_input_files(write(tmp_path, first=b"1"))

    expect(at_home.locator(".trouble")).to_contain_text("first.txt: The draft is gone.")


@pytest.mark.complaints("ERR_INTERNET_DISCONNECTED", "htmx:")
def test_a_lost_connection_is_waited_out(at_home: Page, draft: Draft, tmp_path: Path) -> None:
    held: list[Route] = []
    at_home.route("**/upload/", lambda route: held.append(route))
    choose(at_home, draft, write(tmp_path, first=b"1", second=b"2"))
    until(lambda: at_home.evaluate("1") and held)
    at_home.context.set_offline(True)
    held[0].abort("internetdisconnected")
    at_home.unroute("**/upload/")

    expect(at_home.locator("p[data-pace]")).to_contain_text("There is no connection.")
    at_home.context.set_offline(False)

    expect(at_home.locator("[data-status]")).to_have_text("Done: 2 of 2 files added.")
    assert draft.candidates.count() == 2


@pytest.mark.complaints("Failed to load", "htmx:")
def test_a_reload_goes_on_where_the_upload_stopped(
    at_home: Page, draft: Draft, tmp_path: Path
) -> None:
    paths = write(tmp_path, **{f"cv{number}": f"{number}\n".encode() for number in range(60)})
    at_home.route("**/upload/", lambda route: None)  # nothing gets through
    choose(at_home, draft, paths)
    until(lambda: at_home.evaluate(STORED_UPLOADS) == 60)
    at_home.unroute("**/upload/")
    at_home.reload()

    expect(at_home.locator("div[data-unsent-files]")).to_contain_text(
        "60 files are still to be sent"
    )
    at_home.get_by_role("button", name="Go on with 60 files").click()

    expect(at_home.locator("[data-status]")).to_have_text("Done: 60 of 60 files added.")
    assert draft.candidates.count() == 60
    at_home.reload()
    expect(at_home.locator("div[data-unsent-files]")).to_be_hidden()


STORED_UPLOADS = """() => new Promise((done) => {
  const asked = indexedDB.open("uploads");
  asked.onsuccess = () => {
    const base = asked.result;
    if (!base.objectStoreNames.length) { base.close(); done(0); return; }
    const count = base.transaction("files").objectStore("files").count();
    count.onsuccess = () => { base.close(); done(count.result); };
  };
})"""


@pytest.mark.complaints("Failed to load", "htmx:")
def test_what_was_not_taken_in_is_tried_again_or_removed_by_keyboard_on_a_phone(
    at_home: Page, draft: Draft, tmp_path: Path
) -> None:
    at_home.set_viewport_size({"width": 360, "height": 740})
    at_home.route("**/upload/", lambda route: route.fulfill(status=400, json={"error": "No."}))
    choose(at_home, draft, write(tmp_path, first=b"1", second=b"2", third=b"3"))
    expect(at_home.locator("[data-status]")).to_have_text("Done: 0 of 3 files added, 3 not sent.")
    at_home.unroute("**/upload/")
    assert at_home.evaluate("document.documentElement.scrollWidth") <= 360

    at_home.get_by_role("button", name="Remove first.txt from the list").press("Enter")
    expect(at_home.locator(".trouble li")).to_have_count(2)
    expect(at_home.get_by_role("button", name="Try second.txt again")).to_be_focused()
    at_home.keyboard.press("Enter")
    expect(at_home.locator("[data-status]")).to_have_text("Done: 1 of 1 files added.")
    at_home.get_by_role("button", name="Try all again").press("Enter")
    until(lambda: draft.candidates.count() == 2)

    expect(at_home.locator("[data-trouble]")).to_be_hidden()
    assert sorted(draft.candidates.values_list("filename", flat=True)) == [
        "second.txt",
        "third.txt",
    ]
