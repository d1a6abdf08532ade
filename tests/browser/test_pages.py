"""Every page on a phone, by keyboard and without JavaScript, with no complaint in the console."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from candidates.facts.flags import Flag, FlagKind
from candidates.facts.reason import FailureCode, Reason
from candidates.models import Criterion, Draft, Suggestion
from candidates.models.suggestion import SuggestionStatus
from candidates.scoring.rubric import derive_criteria
from jobs.execution import pause, suggest
from jobs.models import Job, JobStatus
from tests.makers import rows

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüssel" * 3


def suggested(draft: Draft) -> None:
    """A suggestion that is ready, with one criterion that is pointed out."""
    suggestion = suggest.create_suggestion(draft, draft.owner)
    Suggestion.objects.filter(pk=suggestion.pk).update(
        status=SuggestionStatus.READY,
        done_at=timezone.now(),
        criteria=[
            {"key": "c1", "name": "Runs payments", "looks_for": "In production.", "weight": 8,
             "must_have": True},
            {"key": "c2", "name": f"Native English speaker {LONG}"[:120], "weight": 2,
             "looks_for": LONG},
        ],
    )  # fmt: skip


@pytest.fixture
def addresses(draft: Draft, alice: User) -> dict[str, str]:
    """Pages with much on them: long words, bad files, flags, a failed job."""
    Criterion.objects.create(draft=draft, position=2, name=LONG[:200], looks_for=LONG)
    flags = [Flag(FlagKind.RECOGNISED_BADLY, {"confidence": 40}, 1, LONG).to_json()]
    long = rows.candidate(draft, 1, filename=f"{LONG}.pdf", name=LONG, flags=flags)
    rows.candidates(draft, 60)
    bad = rows.unreadable(draft, 2)
    rows.waiting(draft, 3)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    unknown = Reason(FailureCode.MODEL_UNKNOWN, {"model": LONG, "status": 404})
    rows.job(analysis, JobStatus.FAILED, unknown)
    job = rows.job(analysis, JobStatus.PROCESSING)
    pause.pause_for_problem(job, unknown)
    rows.call(analysis, model=LONG, answered_by=f"{LONG}"[:100])
    suggested(draft)
    draft_pages = [
        "candidates:draft",
        "candidates:edit",
        "candidates:erase-draft",
        "candidates:remove-unreadable",
        "jobs:sharing",
        "jobs:described",
        "jobs:of-draft",
        "jobs:estimate",
        "jobs:suggested",
    ]
    return {
        **{name: reverse(name, args=[draft.public_id]) for name in draft_pages},
        "home": reverse("home"),
        "candidates:drafts": reverse("candidates:drafts"),
        "candidates:new": reverse("candidates:new"),
        "candidates:candidate": long.get_absolute_url(),
        "unreadable": bad.get_absolute_url(),
        "candidates:analysis": analysis.get_absolute_url(),
        "candidates:evaluation": analysis.evaluations.get(candidate=long).get_absolute_url(),
        "candidates:usage": reverse("candidates:usage"),
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

    expect(at_home.locator(".messages").first).to_contain_text("The draft is saved.")
    assert [criterion.name for criterion in draft.criteria.all()] == ["PostgreSQL", "Rust"]


def test_a_button_keeps_the_focus_while_its_part_refreshes(
    at_home: Page, draft: Draft, alice: User
) -> None:
    rows.candidates(draft, 3)
    analysis = rows.analysis(draft, alice)
    job = rows.job(analysis, JobStatus.PENDING)
    at_home.goto(job.get_absolute_url())
    at_home.locator("#cancel").focus()
    Job.objects.filter(pk=job.pk).start()

    expect(at_home.locator("#job")).to_contain_text("Running")
    expect(at_home.locator("#cancel")).to_be_focused()


def test_a_session_that_ended_leads_to_the_log_in_and_not_into_the_part(
    at_home: Page, draft: Draft, alice: User
) -> None:
    rows.candidates(draft, 1)
    job = rows.job(rows.analysis(draft, alice), JobStatus.PENDING)
    at_home.goto(job.get_absolute_url())
    at_home.context.clear_cookies()

    expect(at_home.get_by_role("heading", name="Log in")).to_be_visible()
    expect(at_home.locator("#job")).to_have_count(0)


def test_a_suggestion_is_added_to_the_form_and_counts_when_it_is_saved(
    at_home: Page, draft: Draft
) -> None:
    suggested(draft)
    at_home.goto(reverse("candidates:edit", args=[draft.public_id]))
    at_home.get_by_role("button", name="Add Runs payments").press("Enter")

    expect(at_home.locator("[data-added-announcement]")).to_contain_text(
        "Runs payments is added to the form."
    )
    row = at_home.locator("[data-criterion]").nth(2)
    expect(row.get_by_label("Name")).to_have_value("Runs payments")
    expect(row.get_by_label("Must have")).to_be_checked()

    at_home.get_by_role("button", name="Save the draft").click()
    expect(at_home.locator(".messages").first).to_contain_text("The draft is saved.")
    added = draft.criteria.get(name="Runs payments")
    assert (added.weight, added.looks_for, added.must_have) == (8, "In production.", True)


def test_what_a_run_would_take_follows_the_choice(
    at_home: Page, draft: Draft, settings: LazySettings
) -> None:
    settings.EVALUATOR_ENGINE = "openai"
    rows.candidates(draft, 20)
    urls: list[str] = []
    at_home.on("request", lambda request: urls.append(request.url))
    at_home.goto(draft.get_absolute_url())

    expect(at_home.locator(".run")).to_contain_text("(20 to score, up to 10 for insights)")
    at_home.get_by_label("Insights for").select_option("none")
    at_home.get_by_label("Score a few twice").check()
    expect(at_home.locator(".run")).to_contain_text("(20 to score, 8 to score twice)")
    assert not [address for address in urls if "csrf" in address]


def test_a_job_is_paused_and_goes_on_by_keyboard(at_home: Page, draft: Draft, alice: User) -> None:
    rows.candidates(draft, 3)
    job = rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)
    at_home.goto(job.get_absolute_url())
    at_home.get_by_role("button", name="Pause the job").press("Enter")
    expect(at_home.locator("#job")).to_contain_text("Paused by alice.")
    at_home.get_by_role("button", name="Resume the job").press("Enter")
    expect(at_home.locator("#job")).to_contain_text("0% done")


@pytest.fixture
def without_scripts(browser: Browser, alice: User, live_server: LiveServer) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def log_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("alice-pass")
    page.get_by_role("button", name="Log in").click()


def test_criteria_are_asked_for_and_added_without_javascript(without_scripts: Page) -> None:
    page = without_scripts
    log_in(page)
    page.goto(reverse("candidates:new"))
    page.get_by_label("Title").fill("Nurse")
    page.get_by_label("Description").fill("You bring:\n- Wound care\n- Night shifts\n")
    page.get_by_role("button", name="Save and suggest criteria").click()
    page.get_by_role("link", name="Suggested criteria").click()
    expect(page.locator("main")).to_contain_text("No worker is alive at the moment.")
    criteria = derive_criteria(Draft.objects.get().description)
    Suggestion.objects.update(
        status=SuggestionStatus.READY,
        done_at=timezone.now(),
        criteria=[asdict(criterion) for criterion in criteria],
    )
    page.get_by_role("link", name="Look again").click()
    page.get_by_label("Wound care").check()
    page.get_by_role("button", name="Add the chosen").click()
    expect(page.locator(".messages").first).to_contain_text("1 criterion is added.")
    expect(page.get_by_label("Name").first).to_have_value("Wound care")
    page.get_by_role("link", name="Back", exact=True).click()
    page.get_by_role("link", name="What a run would take").click()
    expect(page.locator("main")).to_contain_text("told when there are résumés")


def test_the_whole_way_in_works_without_javascript(without_scripts: Page, tmp_path: Path) -> None:
    page = without_scripts
    log_in(page)
    page.get_by_role("link", name="Write the first draft").click()
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
