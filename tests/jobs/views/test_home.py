"""Home: what needs the user, what runs, the drafts at a glance, and the way to a first ranking."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Candidate, Draft, Membership, RankingVisit
from candidates.models.draft import Role
from jobs.execution import pause
from jobs.models import Job, JobStatus, Lane
from tests.makers import rows

HOME = reverse("home")
HTMX = {"HX-Request": "true"}


def words(page: Any) -> str:
    return " ".join(page.text.split())


def test_an_empty_account_is_led_to_its_first_ranking(as_alice: Client, alice: User) -> None:
    empty = words(as_alice.get(HOME))
    draft = Draft.objects.create(owner=alice, title="Nurse", description="Words.")
    described = words(as_alice.get(HOME))
    rows.candidate(Draft.objects.get(pk=draft.pk), 1)
    filled = words(as_alice.get(HOME))

    assert "Three steps to your first ranking" in empty and "Write the first draft" in empty
    assert "Try it with sample data" in empty
    assert "Write the first draft" not in described and "Add résumés</a>" in described
    assert "To the draft, and run it" in filled


def test_the_sample_is_made_once_and_runs_with_the_engine_that_costs_nothing(
    as_alice: Client, alice: User, settings: Any
) -> None:
    settings.EVALUATOR_ENGINE, settings.EVALUATOR_MODEL = "openai", "dear"

    first = as_alice.post(reverse("jobs:sample"))
    again = as_alice.post(reverse("jobs:sample"))

    draft = Draft.objects.get(owner=alice)
    assert draft.candidates.count() > 40 and draft.criteria.exists()
    job = Job.objects.select_related("analysis").get()
    assert (job.analysis.engine, job.analysis.model) != ("openai", "dear")
    assert job.analysis.engine == "local"
    assert first.headers["Location"] == again.headers["Location"] == job.get_absolute_url()
    assert Lane.objects.filter(draft=draft, job=None).exists()
    assert set(draft.events.values_list("verb", flat=True)) >= {"sample_created", "files_added"}


def test_a_draft_is_told_at_a_glance(
    as_alice: Client, alice: User, eve: User, draft: Draft
) -> None:
    rows.candidate(draft, 1)
    rows.unreadable(draft, 2)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    rows.job(analysis)
    rows.waiting(draft, 3)
    theirs = Draft.objects.create(owner=eve, title="Hers", description="Words.")
    Membership.objects.create(
        draft=theirs, email=alice.email, user=alice, role=Role.EDITOR, invited_by=eve
    )

    page = words(as_alice.get(HOME))

    assert "3 résumés: 1 readable" in page and "1 unreadable" in page
    assert "1 waiting to be read" in page
    assert "1 résumé is new since" in page
    assert '<td class="number score" data-label="Best score">89' in page
    assert "completed" in page
    assert "shared by eve" in page and "you may change it, run it and decide" in page
    assert "1 file cannot be read" in page


def test_a_finished_run_waits_to_be_looked_at(as_alice: Client, alice: User, draft: Draft) -> None:
    rows.candidate(draft, 1)
    analysis = rows.analysis(draft, alice)
    rows.job(analysis)

    before = as_alice.get(HOME).text
    RankingVisit.objects.record(analysis, alice)
    after = as_alice.get(HOME).text
    RankingVisit.objects.update(visited_at=timezone.now() - timedelta(days=1))
    again = as_alice.get(HOME).text

    assert "Ranking ready" in before and "Ranking ready" in again
    assert "Ranking ready" not in after


def test_jobs_that_failed_or_paused_are_named_with_the_reason(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    rows.job(rows.analysis(draft, alice), JobStatus.FAILED, Reason(FailureCode.NO_CANDIDATES_LEFT))
    pause.pause_for_problem(
        rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING),
        Reason(FailureCode.API_KEY_MISSING),
    )

    page = words(as_alice.get(HOME))

    assert "Job failed" in page and "The draft has no candidates any more." in page
    assert "Job paused" in page and "OPENAI_API_KEY is not set." in page


def test_while_something_runs_the_part_asks_again_and_is_told_only_news(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    rows.candidate(draft, 1)
    job = rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)

    part = as_alice.get(HOME, headers=HTMX)
    same = as_alice.get(HOME, {"seen": part.context["state"]}, headers=HTMX)
    Job.objects.filter(pk=job.pk).complete()
    news = as_alice.get(HOME, {"seen": part.context["state"]}, headers=HTMX)

    assert "every 3s" in part.text and "<html" not in part.text
    assert same.status_code in (204, 304) and same.content == b""
    assert "Ranking ready" in news.text and "every 3s" not in news.text


def test_nothing_of_a_stranger_is_told(as_eve: Client, alice: User, draft: Draft) -> None:
    rows.unreadable(draft, 1)
    rows.job(rows.analysis(draft, alice))
    rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)

    assert "Backend engineer" not in as_eve.get(HOME).text


def test_it_costs_the_same_for_five_hundred_drafts(
    as_alice: Client, alice: User, django_assert_max_num_queries: Any
) -> None:
    Draft.objects.bulk_create(
        Draft(owner=alice, title=f"Role {number}", description="Words.") for number in range(500)
    )
    for draft in Draft.objects.order_by("-pk")[:8]:
        rows.unreadable(draft, 1)
        analysis = rows.analysis(draft, alice)
        rows.evaluate(analysis)
        rows.job(analysis)
        rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)

    with django_assert_max_num_queries(12):
        page = as_alice.get(HOME)

    assert "Page 1 of 20" in words(page)
    assert Candidate.objects.count() == 8


@pytest.mark.parametrize("page", ["0", "x", "99999999999999999999", "%00"])
def test_a_page_number_that_is_none_shows_some_page(as_alice: Client, page: str) -> None:
    assert as_alice.get(HOME, {"page": page}).status_code == 200
