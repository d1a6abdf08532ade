"""Counters that never fall, whatever happens to the rows, the hours and those that ask."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from candidates.models import Analysis, Draft, Evaluation
from jobs.models import Grain, Period
from jobs.monitoring import counts, history
from jobs.monitoring.counts import Counts
from tests.makers import rows

HOURS = {
    "long ago": timedelta(hours=100),
    "yesterday": timedelta(hours=20),
    "before": timedelta(hours=2),
}


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    """One of three scores, each of another hour; the first is of an hour that is not kept."""
    rows.candidates(draft, 3)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    for evaluation, ago in zip(analysis.evaluations.order_by("pk"), HOURS.values(), strict=True):
        Evaluation.objects.filter(pk=evaluation.pk).update(scored_at=timezone.now() - ago)
    return analysis


def scored(counted: Counts) -> int:
    return int(counted.get("evaluations", {}).get(("scored",), {}).get("number", 0))


def settle_all(now: datetime) -> None:
    while history.settle(now):
        pass


def test_all_that_ever_ended_is_counted_once(analysis: Analysis) -> None:
    assert [scored(history.counters()) for _ in range(3)] == [3, 3, 3]


def test_what_was_counted_stays_when_its_row_is_erased(analysis: Analysis) -> None:
    history.counters()
    Evaluation.objects.all().delete()
    assert scored(history.counters()) == 3

    settle_all(timezone.now())
    assert scored(history.counters()) == 3


def test_a_transaction_that_commits_late_is_found_when_its_hour_is_settled(
    analysis: Analysis,
) -> None:
    history.counters()
    for evaluation in Evaluation.objects.filter(scored_at__gt=timezone.now() - timedelta(hours=3)):
        rows.candidates(analysis.draft, 0)
        late = rows.candidate(analysis.draft, 9)
        Evaluation.objects.create(
            analysis=analysis,
            candidate=late,
            status="scored",
            score=50,
            rank=9,
            scored_at=evaluation.scored_at,
        )
    assert scored(history.counters()) == 3

    settle_all(timezone.now())
    assert scored(history.counters()) == 4


def test_settling_does_not_depend_on_who_asks_for_counters(analysis: Analysis) -> None:
    settle_all(timezone.now())

    assert scored(history.counters()) == 3


def test_hours_that_are_no_longer_kept_stay_in_the_total(analysis: Analysis) -> None:
    before = history.counters()
    analysis.draft.delete()
    now = timezone.now() + timedelta(days=4)
    settle_all(now)

    hours = Period.objects.filter(grain=Grain.HOUR)
    assert hours.count() == 48 and not hours.filter(start__lt=timezone.now()).exists()
    assert history.counters() == before


def test_hours_that_nobody_counted_are_in_the_total(analysis: Analysis) -> None:
    """No worker swept and no scrape came for days, between two that did."""
    past = timezone.now() - timedelta(days=9)
    settle_all(past)
    assert scored(history.counters()) == 3

    assert Period.objects.get(grain=Grain.TOTAL).counted_until > past


@pytest.mark.django_db(transaction=True)
def test_many_that_ask_at_once_count_each_end_once(analysis: Analysis) -> None:
    def ask() -> int:
        try:
            return scored(history.counters())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = [each.result() for each in [pool.submit(ask) for _ in range(8)]]

    assert answers == [3] * 8


def test_a_long_history_costs_no_more_statements(
    analysis: Analysis, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    settle_all(now)
    history.counters()

    with django_assert_max_num_queries(12):  # eight, but where an hour has just ended
        history.counters()
    with django_assert_max_num_queries(1):
        assert history.settle(now) == 0
    assert Period.objects.count() <= 1 + 50 + 31


def test_figures_add_up_and_percentiles_do_not() -> None:
    jobs: Counts = {"jobs": {("completed",): {"number": 2, "buckets": [1, 2], "percentiles": [3]}}}
    more: Counts = {"jobs": {("completed",): {"number": 1, "buckets": [0, 1]}}}

    assert counts.add([jobs, more]) == {"jobs": {("completed",): {"number": 3, "buckets": [1, 3]}}}
    assert counts.at_least(more, jobs) == {
        "jobs": {("completed",): {"number": 2, "buckets": [1, 2], "percentiles": [3]}}
    }
    assert counts.from_json(counts.to_json(jobs)) == jobs


def test_periods_begin_at_whole_hours_and_days_in_utc() -> None:
    moment = datetime(2026, 3, 14, 12, 34, 56, tzinfo=UTC)

    assert history.start_of(moment, Grain.HOUR) == datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert history.start_of(moment, Grain.DAY) == datetime(2026, 3, 14, tzinfo=UTC)
