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
from jobs.monitoring.overview import ChartWindow
from tests.makers import rows

NOON = datetime(2026, 3, 14, 12, 34, 56, tzinfo=UTC)


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    rows.candidates(draft, 3)
    rows.unreadable(draft, 9, Problem.ENCRYPTED)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return analysis


def job(analysis: Analysis, ended: datetime, seconds: float) -> None:
    job = rows.job(analysis)
    start = ended - timedelta(seconds=seconds)
    Job.objects.filter(pk=job.pk).update(created_at=start, started_at=start, completed_at=ended)


def test_what_there_is_now(analysis: Analysis) -> None:
    running = rows.job(analysis, JobStatus.PROCESSING)
    host = Heartbeat.objects.create(host="one", pid=1, workers=2)
    lane = Lane.objects.create(draft=analysis.draft, job=running)
    rows.call(analysis)
    rows.call(analysis, status=CallStatus.REFUSED, error_code="server_error", http_status=429)
    rows.call(analysis, status=CallStatus.FAILED, error_code="unreachable")

    state = overview.system_state()
    assert (state.lanes_waiting, state.jobs_pending) == (1, 0)
    assert (state.jobs_processing, state.jobs_paused) == (1, 0)
    assert state.oldest_wait is not None and state.oldest_wait >= 0
    assert (state.calls, state.calls_busy, state.calls_failed) == (3, 1, 1)
    assert state.resumes_scored == 4
    assert state.database_bytes > 1_000_000

    Lane.objects.all().claim(lane.pk, running.public_id, host.pk, 7)
    (state_of_host,) = overview.host_states(overview.system_state().now)
    assert state_of_host.is_visible and state_of_host.canary_age is None
    assert [each.job for each in state_of_host.lanes] == [running]


@pytest.mark.parametrize("window", list(ChartWindow))
def test_a_window_ends_now_and_is_whole(db: None, window: ChartWindow) -> None:
    steps = overview.past(window, NOON).steps

    length, step = window.value
    assert len(steps) == length // step
    assert steps[-1].end == NOON
    for earlier, later in pairwise(steps):
        assert earlier.end == later.start


@pytest.mark.parametrize("window", list(ChartWindow))
def test_the_figures_are_the_same_when_they_were_counted_before(
    analysis: Analysis, window: ChartWindow
) -> None:
    for ended, seconds in ((NOON - timedelta(minutes=7), 10), (NOON - timedelta(hours=3), 30)):
        job(analysis, ended, seconds)
        job(analysis, ended, seconds + 10)
        call = rows.call(analysis)
        Call.objects.filter(pk=call.pk).update(settled_at=ended)
    analysis.evaluations.update(scored_at=NOON - timedelta(minutes=7))

    counted = overview.past(window, NOON)
    assert counted.today == counted.month == (2_400, Decimal("0.02"))
    assert counted.total("completed") == (2 if window is ChartWindow.HOUR else 4)
    assert counted.total("scored") == 3
    assert counted.reasons() == [(Problem.ENCRYPTED.sentence, 1)]
    if window is ChartWindow.HOUR:
        (step,) = (each for each in counted.steps if each.completed)
        assert (step.p50, step.p95) == (15.0, 19.5)

    while history.settle(NOON):
        pass
    assert Period.objects.filter(is_settled=True).count() == 48 + 31
    assert overview.past(window, NOON) == counted

    Job.objects.all().delete()  # what is over is not counted again
    assert overview.past(window, NOON).total("completed") == {
        ChartWindow.HOUR: 0, ChartWindow.DAY: 2, ChartWindow.MONTH: 0,
    }[window]  # fmt: skip


def test_periods_that_are_too_old_are_deleted(db: None) -> None:
    while history.settle(NOON):
        pass
    history.settle(NOON + timedelta(hours=1))

    assert Period.objects.filter(grain="hour").count() == 48
    assert Period.objects.get(grain="total").counted_until == datetime(2026, 3, 12, 13, tzinfo=UTC)
    assert Period.objects.filter(start__gt=Now()).count() == 0
