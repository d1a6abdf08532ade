"""The monitor in a browser: it refreshes by itself, for those who may see it."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.auth.models import Permission, User
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from candidates.models import Draft
from candidates.reading import Problem
from jobs.models import Heartbeat, JobStatus, Lane
from tests.makers import rows

OVERVIEW = reverse("admin:jobs_period_changelist")


def test_staff_see_a_trouble_come_and_go_and_others_see_nothing(
    at_home: Page, alice: User, draft: Draft, live_server: LiveServer
) -> None:
    alice.is_staff = True
    alice.save(update_fields=["is_staff"])
    at_home.set_viewport_size({"width": 360, "height": 740})
    at_home.goto(reverse("admin:index"))
    expect(
        at_home.get_by_text("You don’t have permission to view or edit anything.")
    ).to_be_visible()
    expect(at_home.locator("#troubles")).to_have_count(0)
    assert Client().get(OVERVIEW).status_code == 302

    alice.user_permissions.add(Permission.objects.get(codename="view_job"))
    at_home.goto(reverse("admin:index"))
    expect(at_home.locator("[data-trouble=no-worker]")).to_be_visible()
    at_home.get_by_role("link", name="Overview").first.click()

    expect(at_home.locator("[data-trouble=no-worker]")).to_contain_text("No worker is alive.")
    at_home.get_by_text("The same as a table").click()
    rows.candidates(draft, 12)
    rows.unreadable(draft, 99, Problem.ENCRYPTED)
    done = rows.analysis(draft, alice)
    rows.evaluate(done)
    rows.job(done)
    job = rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)
    host = Heartbeat.objects.create(host="host-1", pid=7, workers=2, canary_at=timezone.now())
    lane = {"token": uuid4(), "started_at": Now(), "due_at": Now() + timedelta(minutes=5)}
    Lane.objects.create(draft=draft, job=job, worker=host, pid=4711, **lane)
    Heartbeat.objects.update(seen_at=Now() + timedelta(minutes=5))
    expect(at_home.locator("[data-trouble=no-worker]")).to_have_count(0)  # by itself
    expect(at_home.locator(".lanes")).to_contain_text("4711: Backend engineer")
    expect(at_home.locator("#figures")).to_have_attribute("open", "")
    expect(at_home.locator(".reasons")).to_contain_text(Problem.ENCRYPTED.sentence)
    assert at_home.evaluate("document.documentElement.scrollWidth") <= 360
