"""The admin's front page for jobs: who may see it, what it shows, and how cheap its refresh is."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from candidates.models import Draft
from candidates.reading import Problem
from jobs.admin.overview import PastCharts
from jobs.models import Heartbeat, JobStatus, Lane
from jobs.monitoring.overview import ChartStep, ChartWindow, Past
from tests.makers import rows

OVERVIEW = reverse("admin:jobs_period_changelist")
REFRESH = {"HX-Request": "true"}


@pytest.fixture
def as_looker(eve: User) -> Client:
    """Staff who may see jobs and nothing else."""
    eve.is_staff = True
    eve.save(update_fields=["is_staff"])
    eve.user_permissions.add(Permission.objects.get(codename="view_job"))
    client = Client()
    client.force_login(eve)
    return client


@pytest.fixture
def busy(draft: Draft, alice: User) -> Heartbeat:
    """A host with one lane at work on a job, and one finished ranking."""
    rows.candidates(draft, 3)
    rows.unreadable(draft, 9, Problem.ENCRYPTED)
    done = rows.analysis(draft, alice)
    rows.evaluate(done)
    rows.job(done)
    job = rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)
    host = Heartbeat.objects.create(host="one", pid=1, workers=2, canary_at=timezone.now())
    lane = {"token": uuid4(), "started_at": Now(), "due_at": Now() + timedelta(seconds=15)}
    Lane.objects.create(draft=draft, job=job, worker=host, pid=4711, **lane)
    return host


def test_it_needs_the_right_to_see_jobs(as_alice: Client, eve: User) -> None:
    assert as_alice.get(OVERVIEW).status_code == 302  # no staff

    eve.is_staff = True
    eve.save(update_fields=["is_staff"])
    client = Client()
    client.force_login(eve)
    assert client.get(OVERVIEW).status_code == 403
    assert client.get(f"{OVERVIEW}?part=troubles", headers=REFRESH).status_code == 403
    assert "data-trouble" not in client.get(reverse("admin:index")).text


def test_it_shows_who_is_at_work_and_what_failed(as_looker: Client, busy: Heartbeat) -> None:
    page = as_looker.get(OVERVIEW)

    assert "Nothing is wrong." in page.text or "database-restarted" in page.text
    assert re.search(r"4711: <a[^>]*>Backend engineer</a>", page.text)
    assert "1 is free" in page.text
    assert Problem.ENCRYPTED.sentence in page.text
    assert "1 of 4 résumés got no score." in page.text


def test_the_admins_front_page_tells_what_is_wrong(as_looker: Client) -> None:
    page = as_looker.get(reverse("admin:index"))

    assert "No worker is alive." in page.text
    assert OVERVIEW in page.text


@pytest.mark.parametrize("over", ["hour", "day", "month", "nonsense"])
def test_each_window_opens_with_a_bounded_number_of_queries(
    as_sam: Client,
    busy: Heartbeat,
    over: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(21):
        page = as_sam.get(OVERVIEW, {"over": over}, headers=REFRESH)

    assert page.status_code == 200
    assert page.text.lstrip().startswith('<div id="overview"')
    assert page.text.count("<svg") == 3


def test_what_has_not_changed_is_not_sent_again(as_looker: Client, busy: Heartbeat) -> None:
    asked = f"{OVERVIEW}?part=troubles"
    page = as_looker.get(asked, headers=REFRESH)
    tag = page.headers["ETag"]
    assert as_looker.get(asked, headers={**REFRESH, "If-None-Match": tag}).status_code == 304

    Heartbeat.objects.all().delete()
    changed = as_looker.get(asked, headers={**REFRESH, "If-None-Match": tag})
    assert changed.status_code == 200
    assert 'data-trouble="no-worker"' in changed.text


@pytest.mark.parametrize(
    ("language", "summary", "share", "highest"),
    [
        ("en", "The slowest (6:10 p.m.): 95 % of the jobs within 1.6 s.", "0.5 %", "1,990"),
        ("de", "Am langsamsten (18:10): 95 % der Aufträge innerhalb von 1,6 s.", "0,5 %", "1.990"),
    ],
)
def test_charts_are_written_as_in_the_readers_language(
    language: str, summary: str, share: str, highest: str
) -> None:
    start = datetime(2026, 11, 30, 18, 10, tzinfo=UTC)
    numbers = dict.fromkeys(("failed", "cancelled", "calls", "busy", "errors", "tokens"), 0)
    step = ChartStep(
        start=start,
        end=start + timedelta(minutes=1),
        completed=3,
        p50=0.8,
        p95=1.6,
        scored=1_990,
        unscored=10,
        cost=Decimal(0),
        reasons={},
        **numbers,
    )
    past = Past([step], (0, Decimal(0)), (0, Decimal(0)))

    with timezone.override(UTC), translation.override(language):
        shown = PastCharts(past, ChartWindow.HOUR)
        times, _failures, scored = shown.charts

        assert times.summary == summary and ".." not in times.summary
        assert scored.top == highest
        assert shown.rows[0]["share"] == share


@pytest.mark.parametrize(
    "name", ["admin:index", "admin:jobs_period_changelist", "admin:auth_user_changelist"]
)
def test_pages_of_the_admin_name_their_icon_once(as_sam: Client, name: str) -> None:
    assert as_sam.get(reverse(name)).text.count('rel="icon"') == 1


def test_the_admins_login_names_its_icon(anonymous: Client) -> None:
    assert 'rel="icon"' in anonymous.get(reverse("admin:login"), follow=True).text
