"""Figures of the whole system: counted from the rows, and the same when they come from what was
counted before."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from candidates.models import Analysis, Call, Draft
from candidates.models.call import CallStatus
from candidates.reading import Problem
from jobs.models import Heartbeat, Job, JobStatus, Lane, Period
from jobs.monitoring import history, overview
from jobs.monitoring.overview import Over
from tests.makers import rows

NOON = datetime(2026, 3, 14, 12, 34, 56, tzinfo=UTC)


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    rows.candidates(draft, 3)
    rows.unreadable(draft, 9, Problem.ENCRYPTED)
    made = rows.analysis(draft, alice)
    rows.evaluate(made)
    return made


def job(analysis: Analysis, ended: datetime, seconds: float) -> None:
    made = rows.job(analysis)
    began = ended - timedelta(seconds=seconds)
    Job.objects.filter(pk=made.pk).update(created_at=began, started_at=began, completed_at=ended)


def test_what_there_is_now(analysis: Analysis) -> None:
    running = rows.job(analysis, JobStatus.PROCESSING)
    host = Heartbeat.objects.create(host="one", pid=1, workers=2)
    lane = Lane.objects.create(draft=analysis.draft, job=running)
    rows.call(analysis)
    rows.call(analysis, status=CallStatus.REFUSED, error_code="server_error", http_status=429)
    rows.call(analysis, status=CallStatus.FAILED, error_code="unreachable")

    now = overview.now()
    assert (now.queued, now.pending, now.processing, now.paused) == (1, 0, 1, 0)
    assert now.oldest is not None and now.oldest >= 0
    assert (now.calls, now.busy, now.errors) == (3, 1, 1)
    assert now.resumes == 4
    assert now.database > 1_000_000

    Lane.objects.all().claim(lane.pk, running.public_id, host.pk, 7)
    (one,) = overview.hosts(overview.now().at)
    assert one.is_there and one.canary is None
    assert [each.job for each in one.lanes] == [running]


@pytest.mark.parametrize("over", list(Over))
def test_a_window_ends_now_and_is_whole(db: None, over: Over) -> None:
    steps = overview.past(over, NOON).steps

    length, step = over.value
    assert len(steps) == length // step
    assert steps[-1].end == NOON
    for one, other in pairwise(steps):
        assert one.end == other.start


@pytest.mark.parametrize("over", list(Over))
def test_the_figures_are_the_same_when_they_were_counted_before(
    analysis: Analysis, over: Over
) -> None:
    for ended, seconds in ((NOON - timedelta(minutes=7), 10), (NOON - timedelta(hours=3), 30)):
        job(analysis, ended, seconds)
        job(analysis, ended, seconds + 10)
        call = rows.call(analysis)
        Call.objects.filter(pk=call.pk).update(settled_at=ended)
    analysis.evaluations.update(scored_at=NOON - timedelta(minutes=7))

    counted = overview.past(over, NOON)
    assert counted.today == counted.month == (2_400, Decimal("0.02"))
    assert counted.total("completed") == (2 if over is Over.HOUR else 4)
    assert counted.total("scored") == 3
    assert counted.reasons() == [(Problem.ENCRYPTED.sentence, 1)]
    if over is Over.HOUR:
        (step,) = (one for one in counted.steps if one.completed)
        assert (step.p50, step.p95) == (15.0, 19.5)

    while history.count(NOON):
        pass
    assert Period.objects.count() == 48 + 31
    assert overview.past(over, NOON) == counted

    Job.objects.all().delete()  # what is over is not counted again
    assert overview.past(over, NOON).total("completed") == {
        Over.HOUR: 0, Over.DAY: 2, Over.MONTH: 0,
    }[over]  # fmt: skip


def test_what_is_too_old_goes(db: None) -> None:
    while history.count(NOON):
        pass
    history.count(NOON + timedelta(hours=1))

    assert Period.objects.filter(grain="hour").count() == 48
    assert Period.objects.filter(start__gt=Now()).count() == 0
