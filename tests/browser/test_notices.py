"""Webhooks, and erasing somebody, in a real browser."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connections
from playwright.sync_api import Page, expect

from candidates.models import Candidate, Draft, Receipt
from jobs.models import Delivery
from jobs.notifications import webhooks
from tests.makers import rows
from tests.servers.http import serve_http


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def as_a_worker_does(delivery: Delivery) -> None:
    """In a thread of its own: Playwright's loop runs in this one."""

    def deliver() -> None:
        webhooks.deliver(delivery.pk)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(deliver).result()


def test_a_webhook_is_added_tested_and_shows_what_was_answered(
    at_home: Page, settings: LazySettings
) -> None:
    page = at_home
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with serve_http() as program:
        program.status, program.answer = 500, b"out of order"
        page.set_viewport_size({"width": 360, "height": 740})
        page.goto("/settings/")
        page.get_by_role("link", name="Webhooks").click()
        page.get_by_label("Address").fill(program.url)
        page.get_by_label("a run has failed").uncheck()
        page.get_by_role("button", name="Add").press("Enter")
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("none yet")).to_be_visible()

        as_a_worker_does(Delivery.objects.get())
        page.reload()

        expect(page.get_by_text("The server answered 500.")).to_be_visible()
        assert sideways(page) <= 0
        program.status = 410
        as_a_worker_does(Delivery.objects.get())
        page.reload()
        expect(page.get_by_text("It is off: it is told of nothing.")).to_be_visible()
        program.status = 204
        page.get_by_role("button", name="Switch on").click()
        page.get_by_role("button", name="Send again").click()
        as_a_worker_does(Delivery.objects.get())
        page.reload()
        expect(page.get_by_text("sent, 1 try")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/webhooks/")
    page.go_back()
    page.get_by_text("The secret, to check").click()
    expect(page.locator("code")).to_contain_text("whsec_")
    assert sideways(page) <= 0


@pytest.fixture
def candidate(draft: Draft, alice: User) -> Candidate:
    candidate = rows.candidate(draft, 1, name="Ada Example")
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    rows.note(candidate, alice)
    return candidate


def test_everything_is_taken_home_and_then_erased(
    at_home: Page, candidate: Candidate, tmp_path: Path
) -> None:
    page = at_home
    page.goto(candidate.get_absolute_url())
    with page.expect_download() as coming:
        page.get_by_role("button", name="Everything known about this candidate").click()
    coming.value.save_as(tmp_path / "all.zip")
    with ZipFile(tmp_path / "all.zip") as archive:
        assert json.loads(archive.read("candidate.json"))["name"] == "Ada Example"

    page.get_by_role("link", name="Erase this candidate").click()
    expect(page.get_by_role("heading", name="Erase the candidate “Ada Example”?")).to_be_visible()
    page.get_by_role("button", name="Erase").click()

    expect(page.get_by_role("heading", name="Receipt of an erasure")).to_be_visible()
    expect(page.get_by_text("Ada Example")).to_have_count(0)
    expect(page.get_by_role("row", name="notes 1")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert sideways(page) <= 0
    assert not Candidate.objects.exists() and Receipt.objects.count() == 1
