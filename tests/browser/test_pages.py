"""Every page on a phone, by keyboard and without JavaScript, with no complaint in the console."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from candidates.models import Criterion, Draft
from jobs.models import Job, Status
from tests.makers import rows

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüssel" * 3


@pytest.fixture
def addresses(draft: Draft, alice: User) -> dict[str, str]:
    """Pages with much on them: long words, bad files, flags, a failed job."""
    Criterion.objects.create(draft=draft, position=2, name=LONG[:200], looks_for=LONG)
    flags = [{"kind": "hidden-text", "found": LONG, "page": 1}]
    long = rows.candidate(draft, 1, filename=f"{LONG}.pdf", name=LONG, flags=flags)
    rows.candidates(draft, 60)
    bad = rows.unreadable(draft, 2)
    rows.waiting(draft, 3)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    rows.job(analysis, Status.FAILED, f"The model {LONG} is not known.")
    job = rows.job(analysis, Status.PROCESSING)
    draft_pages = ["candidates:draft", "candidates:edit", "candidates:erase-draft", "jobs:of-draft"]
    return {
        **{name: reverse(name, args=[draft.public_id]) for name in draft_pages},
        "candidates:drafts": reverse("candidates:drafts"),
        "candidates:new": reverse("candidates:new"),
        "candidates:candidate": long.get_absolute_url(),
        "unreadable": bad.get_absolute_url(),
        "candidates:analysis": analysis.get_absolute_url(),
        "candidates:evaluation": analysis.evaluations.get(candidate=long).get_absolute_url(),
        "jobs:jobs": reverse("jobs:jobs"),
        "jobs:job": job.get_absolute_url(),
        "password_change": reverse("password_change"),
    }


def test_no_page_is_wider_than_a_phone_or_complains(
    at_home: Page, addresses: dict[str, str]
) -> None:
    wide = {}
    for size in (PHONE, DESKTOP):
        at_home.set_viewport_size(size)  # type: ignore[arg-type]
        for name, address in addresses.items():
            at_home.goto(address)
            width = at_home.evaluate("document.documentElement.scrollWidth")
            if width > size["width"]:
                wide[name] = width
    assert wide == {}


def test_public_pages_fit_a_phone(page: Page, alice: User) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for name in ("login", "password_reset", "password_reset_done", "password_reset_complete"):
        page.goto(reverse(name))
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


ORDER = (
    """() => [...document.querySelectorAll("h1, h2, h3, h4")].map((h) => Number(h.tagName[1]))"""
)
UNNAMED = """() => [...document.querySelectorAll("input, select, textarea, button, a")]
  .filter((e) => e.type !== "hidden")
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.labels?.length || e.textContent.trim() || e.getAttribute("aria-label")))
  .map((e) => e.outerHTML)"""
TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  return ids.filter((id, place) => ids.indexOf(id) !== place);
}"""


def test_headings_are_in_order_and_everything_to_press_has_a_name(
    at_home: Page, addresses: dict[str, str]
) -> None:
    for name, address in addresses.items():
        at_home.goto(address)
        levels = at_home.evaluate(ORDER)
        assert levels[0] == 1 and levels.count(1) == 1, name
        assert all(low <= high + 1 for high, low in pairwise(levels)), name
        assert at_home.evaluate(UNNAMED) == [], name
        assert at_home.evaluate(TWICE) == [], name
        assert " · Candidate Evaluator" in at_home.title()


def test_the_first_stop_of_the_keyboard_skips_to_the_content(
    at_home: Page, addresses: dict[str, str]
) -> None:
    at_home.goto(addresses["candidates:draft"])
    at_home.keyboard.press("Tab")
    expect(at_home.get_by_role("link", name="Skip to the content")).to_be_focused()
    at_home.keyboard.press("Enter")
    expect(at_home.locator("#main")).to_be_focused()


def test_criteria_are_added_and_removed_by_keyboard(at_home: Page, draft: Draft) -> None:
    at_home.goto(reverse("candidates:edit", args=[draft.public_id]))
    at_home.get_by_role("button", name="Add a criterion").press("Enter")
    expect(at_home.get_by_label("Name").last).to_be_focused()
    at_home.keyboard.type("Rust")
    at_home.get_by_role("button", name="Remove").first.press("Enter")
    expect(at_home.locator("[data-criterion] input[name$=-name]:focus")).to_have_value("PostgreSQL")
    at_home.get_by_role("button", name="Save the draft").press("Enter")

    expect(at_home.locator(".messages")).to_contain_text("The draft is saved.")
    assert [criterion.name for criterion in draft.criteria.all()] == ["PostgreSQL", "Rust"]


def test_a_button_keeps_the_focus_while_its_part_refreshes(
    at_home: Page, draft: Draft, alice: User
) -> None:
    rows.candidates(draft, 3)
    analysis = rows.analysis(draft, alice)
    job = rows.job(analysis, Status.PENDING)
    at_home.goto(job.get_absolute_url())
    at_home.locator("#cancel").focus()
    with at_home.expect_response(lambda answer: answer.status == 200 and "seen=" in answer.url):
        Job.objects.filter(pk=job.pk).start()

    expect(at_home.locator("#job")).to_contain_text("Running")
    expect(at_home.locator("#cancel")).to_be_focused()


def test_a_session_that_ended_leads_to_the_log_in_and_not_into_the_part(
    at_home: Page, draft: Draft, alice: User
) -> None:
    rows.candidates(draft, 1)
    job = rows.job(rows.analysis(draft, alice), Status.PENDING)
    at_home.goto(job.get_absolute_url())
    at_home.context.clear_cookies()

    expect(at_home.get_by_role("heading", name="Log in")).to_be_visible()
    expect(at_home.locator("#job")).to_have_count(0)


@pytest.fixture
def without_scripts(browser: Browser, alice: User, live_server: LiveServer) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_whole_way_in_works_without_javascript(without_scripts: Page, tmp_path: Path) -> None:
    page = without_scripts
    page.goto("/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("alice-pass")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="New draft", exact=True).click()
    page.get_by_label("Title").fill("Nurse")
    page.get_by_label("Description").fill("Looks after people.")
    page.get_by_label("Name").first.fill("Wound care")
    page.get_by_role("button", name="Save the draft").click()
    resume = tmp_path / "cv.txt"
    resume.write_text("A nurse.")
    page.locator("#files").set_input_files(resume)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".messages")).to_contain_text("1 file added.")
    page.get_by_role("button", name="Run the analysis").click()
    expect(page.locator("#job")).to_contain_text("Waiting to start")
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".messages")).to_contain_text("The job is cancelled.")
    page.goto(Draft.objects.get().get_absolute_url())
    page.get_by_role("link", name="Runs of this draft and their rankings").click()
    expect(page.locator("tbody")).to_contain_text("cancelled")
