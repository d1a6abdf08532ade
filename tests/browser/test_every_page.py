"""Every page there is, found by its address: nothing that keeps people out, in light and in dark,
nothing in the console, and nothing wider than a phone.

The addresses are those of tests/test_access.py, so that a new page is here on the day it is born.
"""

import json
from importlib.resources import files
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from candidates.facts.flags import Flag, FlagKind
from candidates.facts.reason import FailureCode, Reason
from candidates.models import Candidate, Draft
from evaluator import login_throttle
from jobs.models import Job, JobStatus, NotificationKind
from jobs.notifications import recipients
from tests.makers import rows
from tests.test_access import POLICIES, PUBLIC, House, make_house

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (only) => (await axe.run(document, only)).violations.map(
  (found) => [found.id, found.nodes.slice(0, 3).map((node) => node.target.join(" "))])"""
LONG = "Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüssel"
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture
def house(draft: Draft, alice: User) -> House:
    """A draft with much to show, and something of each other kind."""
    flags = [Flag(FlagKind.RECOGNISED_BADLY, {"confidence": 40}, 1, LONG).to_json()]
    rows.candidate(draft, 50, filename=f"{LONG}.pdf", name=LONG, flags=flags)
    rows.candidates(draft, 12)
    rows.unreadable(draft, 51)
    return make_house(alice, draft)


def addresses(home: House, alice: User, client: Client) -> dict[str, str]:
    """The HTML pages by name."""
    pages = {}
    for name, (_, methods, _) in POLICIES.items():
        if "GET" in methods and name != "logout":
            answer = client.get(home.address(name))
            if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
                pages[name] = home.address(name)
    assert len(pages) > len(POLICIES) / 3
    analysis = home.things[Job].analysis
    waiting = {"status": "waiting", "score": None, "rank": None, "scored_at": None}
    analysis.evaluations.filter(rank=5).update(**rows.failure())
    unknown = Reason(FailureCode.MODEL_UNKNOWN, {"model": LONG, "status": 404})
    troubled = rows.job(analysis, JobStatus.FAILED, unknown)
    other = rows.analysis(analysis.draft, alice)
    rows.evaluate(other)
    other.evaluations.filter(rank__gt=4).update(**waiting)
    running = rows.job(other, JobStatus.PROCESSING)
    rows.waiting(analysis.draft, 52)
    recipients.queue_for_job(home.things[Job], NotificationKind.COMPLETED)
    recipients.queue_for_job(troubled, NotificationKind.FAILED)
    unreadable = Candidate.objects.filter(status="unreadable")[0]
    for _ in range(login_throttle.MAX_FAILURES):
        login_throttle.record_failure("mallory")
    return pages | {
        "a failed job": troubled.get_absolute_url(),
        "a running job": running.get_absolute_url(),
        "an unreadable file": unreadable.get_absolute_url(),
        "404": "/nowhere/",
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_open_to_everybody(
    at_home: Page,
    complaints: list[str],
    scheme: Any,
    house: House,
    alice: User,
    as_alice: Client,
) -> None:
    at_home.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    # What the dark differs in is its colours.
    only = {"type": "tag", "values": RULES} if scheme == "light" else ["color-contrast"]
    wrong: dict[str, Any] = {}
    for name, address in addresses(house, alice, as_alice).items():
        at_home.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        at_home.goto(address)
        at_home.evaluate(AXE)
        if violations := at_home.evaluate(RUN, {"runOnly": only}):
            wrong[name] = violations
        at_home.set_viewport_size(PHONE)  # type: ignore[arg-type]
        width = at_home.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wrong[f"{name} on a phone"] = f"{width} px wide"
        if complaints and name != "404":
            wrong[f"{name} in the console"] = list(complaints)
        complaints.clear()
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)


def test_public_pages_are_open_to_everybody(page: Page, alice: User) -> None:
    public = [name for name, (who, *_) in POLICIES.items() if who == PUBLIC]
    wrong = {}
    for name in public:
        if name == "service-worker":
            continue
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": 360, "height": 740})
            at = reverse(name, args=["x", "y"] if name == "password_reset_confirm" else [])
            page.goto(at)
            page.evaluate(AXE)
            if violations := page.evaluate(RUN, {"runOnly": {"type": "tag", "values": RULES}}):
                wrong[name, scheme] = violations
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    assert wrong == {}


@pytest.mark.complaints("Failed to load", "htmx:")
def test_without_a_network_our_own_page_says_so(at_home: Page, alice: User) -> None:
    at_home.goto(reverse("jobs:jobs"))
    at_home.evaluate("navigator.serviceWorker.ready.then(() => true)")
    at_home.wait_for_function("caches.match('/offline/').then(Boolean)")
    at_home.context.set_offline(True)
    at_home.goto(reverse("candidates:drafts"))

    assert "No connection" in at_home.title()
    assert at_home.evaluate("caches.keys()") == ["offline-1"]
    at_home.context.set_offline(False)
    at_home.get_by_role("link", name="Try again").click()
    at_home.wait_for_url("**/drafts/")
