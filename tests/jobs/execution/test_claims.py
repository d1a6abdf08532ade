"""Claims of one token on rows, and the share of one lane."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries

from candidates.models import Draft, Evaluation
from candidates.models.analysis import EvaluationStatus
from candidates.models.claims import MAX_ATTEMPTS
from jobs.execution.claims import Claims, fair_share
from jobs.models import Job, JobStatus, Lane
from tests.makers import rows

pytestmark = pytest.mark.django_db

LEASE = timedelta(seconds=15)


@pytest.fixture
def job(alice: User, draft: Draft) -> Job:
    rows.candidates(draft, 6)
    analysis = rows.analysis(draft, alice)
    Evaluation.objects.enrol(analysis)
    return rows.job(analysis, JobStatus.PROCESSING)


@pytest.fixture
def claims(job: Job) -> Claims:
    return Claims(job.analysis.evaluations.all(), uuid4(), LEASE)


def states(claims: Claims) -> list[tuple[str, int, int]]:
    return list(claims.rows.order_by("pk").values_list("status", "attempts", "deferrals"))


def test_rows_are_released_deferred_and_retried(claims: Claims) -> None:
    first, second, third, *_ = claims.claim(claims.rows, 4)

    claims.release([first])
    claims.defer(second, timedelta(minutes=1))
    assert states(claims)[:3] == [
        (EvaluationStatus.WAITING, 0, 0),
        (EvaluationStatus.WAITING, 0, 1),
        (EvaluationStatus.SCORING, 1, 0),
    ]

    claims.retry_after(timedelta())
    assert states(claims)[2:4] == [(EvaluationStatus.WAITING, 1, 0)] * 2
    assert third in claims.claim(claims.rows, 6)


def test_what_another_token_holds_stays(claims: Claims) -> None:
    ids = claims.claim(claims.rows, 6)
    Evaluation.objects.update(token=uuid4())

    claims.release(ids)
    claims.defer(ids[0], timedelta())
    claims.release_all()
    claims.retry_after(timedelta())

    assert states(claims) == [(EvaluationStatus.SCORING, 1, 0)] * 6


def test_a_lease_is_renewed_when_a_third_of_it_has_passed(
    claims: Claims,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    now = claims.renewed_at
    monkeypatch.setattr(time, "monotonic", lambda: now)
    claims.claim(claims.rows, 1)

    with django_assert_num_queries(0):
        claims.renew_if_due()
    now += 5.1
    with django_assert_num_queries(1):
        claims.renew_if_due()
        claims.renew_if_due()


def test_one_row_is_claimed_once_and_fails_when_its_attempts_are_used_up(job: Job) -> None:
    row = Evaluation.objects.filter(pk=job.analysis.evaluations.order_by("pk")[0].pk)
    assert Claims.take(row, LEASE) is not None
    assert Claims.take(row, LEASE) is None

    row.update(attempts=MAX_ATTEMPTS, due_at=Now() - timedelta(seconds=1))

    assert Claims.take(row, LEASE) is None
    assert row.get().status == EvaluationStatus.FAILED


def test_lanes_share_what_is_due(job: Job, settings: object) -> None:
    claimable = job.analysis.evaluations.all()
    assert fair_share(job, claimable) == 6
    for _ in range(4):
        Lane.objects.create(draft=job.analysis.draft, job=job)
    assert fair_share(job, claimable) == 2
    claimable.update(due_at=Now() + timedelta(hours=1))
    assert fair_share(job, claimable) == 1
