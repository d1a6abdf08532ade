"""Submitting, retrying, cancelling: one transaction, one job a press, plain refusals."""

from unittest import mock
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries

from candidates.models import Analysis, Draft, Evaluation, Event
from candidates.models.analysis import EvaluationStatus
from jobs.execution import submit
from jobs.models import Job, JobStatus, Lane
from tests.makers import rows
from tests.reasons import raises_saying


def test_a_submission_writes_job_analysis_lane_message_and_event(alice: User, draft: Draft) -> None:
    rows.candidate(draft)

    job = submit.submit(draft, alice, mode="all", top_n=3)

    assert (job.status, job.started_at, job.requested_by) == (JobStatus.PENDING, None, alice)
    analysis = job.analysis
    assert (analysis.engine, analysis.insights_mode, analysis.top_n) == ("local", "all", 3)
    assert [c.name for c in analysis.rubric.criteria] == [
        "The role as described",
        "Python",
        "PostgreSQL",
    ]
    assert Lane.objects.get().job == job
    assert OrmQ.objects.count() == 1
    assert Event.objects.get(about=job.public_id).verb == "queued"


def test_the_analysis_keeps_its_criteria_when_the_draft_changes(alice: User, draft: Draft) -> None:
    rows.candidate(draft)
    job = submit.submit(draft, alice)
    draft.criteria.all().delete()

    assert len(Analysis.objects.get(pk=job.analysis_id).rubric.criteria) == 3


def test_a_failure_in_the_middle_leaves_nothing_behind(alice: User, draft: Draft) -> None:
    rows.candidate(draft)

    broken = mock.patch("jobs.queue.cluster.async_task", side_effect=OSError("no queue"))
    with broken, pytest.raises(OSError, match="no queue"):
        submit.submit(draft, alice)

    for model in (Job, Analysis, Lane, Event, OrmQ):
        assert not model.objects.exists()


def test_two_tabs_lead_to_one_job_now_and_when_it_is_over(alice: User, draft: Draft) -> None:
    rows.candidate(draft)
    tabs = uuid4(), uuid4()
    first = submit.submit(draft, alice, key=tabs[0])
    assert submit.submit(draft, alice, key=tabs[1]) == first
    submit.cancel(first, alice)

    assert [submit.submit(draft, alice, key=key) for key in tabs] == [first, first]
    assert submit.submit(draft, alice, key=uuid4()) != first


def test_a_second_press_shows_the_job_of_the_first(alice: User, draft: Draft) -> None:
    rows.candidate(draft)

    assert submit.submit(draft, alice) == submit.submit(draft, alice)
    assert Job.objects.count() == 1


def test_another_wish_or_a_new_candidate_makes_another_job(alice: User, draft: Draft) -> None:
    rows.candidate(draft, 1)
    first = submit.submit(draft, alice)

    assert submit.submit(draft, alice, mode="none") != first
    Job.objects.all().cancel()
    assert submit.submit(draft, alice) != first


def test_the_number_of_queries_does_not_grow_with_the_candidates(
    alice: User, draft: Draft, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rows.candidates(draft, 200)

    with django_assert_max_num_queries(14):
        submit.submit(draft, alice)


def test_an_empty_draft_is_refused_with_what_to_do(alice: User, draft: Draft) -> None:
    with raises_saying(submit.CannotRun, "Add their résumés first"):
        submit.submit(draft, alice)


def test_criteria_that_cannot_rate_are_refused(alice: User, draft: Draft) -> None:
    rows.candidate(draft)
    draft.criteria.all().delete()
    Draft.objects.filter(pk=draft.pk).update(role_weight=0)

    with raises_saying(submit.CannotRun, "weights are 0"):
        submit.submit(draft, alice)


@pytest.fixture
def over(alice: User, draft: Draft) -> Job:
    """A completed job: two candidates scored, one failed."""
    for number in range(3):
        rows.candidate(draft, number)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    Evaluation.objects.filter(rank=3).update(**rows.failure())
    return rows.job(analysis)


def test_a_retry_opens_a_job_for_the_failed_alone(alice: User, over: Job) -> None:
    again = submit.retry(over, alice)

    assert (again.analysis, again.status) == (over.analysis, JobStatus.PENDING)
    assert again != over
    tally = over.analysis.tally()
    assert (
        tally[EvaluationStatus.SCORED],
        tally[EvaluationStatus.WAITING],
        tally[EvaluationStatus.FAILED],
    ) == (2, 1, 0)
    assert Event.objects.get(about=again.public_id).params == {"failed": 1}


def test_two_retries_are_one_job(alice: User, over: Job) -> None:
    assert submit.retry(over, alice) == submit.retry(over, alice)


def test_with_nothing_left_a_retry_says_so(alice: User, over: Job) -> None:
    Evaluation.objects.filter(status=EvaluationStatus.FAILED).delete()

    with raises_saying(submit.CannotRun, "Nothing is left to retry"):
        submit.retry(over, alice)


def test_cancelling_keeps_scores_and_happens_once(alice: User, over: Job) -> None:
    job = submit.retry(over, alice)

    assert submit.cancel(job, alice)
    assert not submit.cancel(job, alice)

    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert not Lane.objects.exists()
    assert job.analysis.tally()[EvaluationStatus.SCORED] == 2
    assert Event.objects.filter(about=job.public_id, verb="cancelled").count() == 1


def test_a_job_that_is_over_stays_as_it_ended(alice: User, over: Job) -> None:
    assert not submit.cancel(over, alice)
    rows_of_job = Job.objects.filter(pk=over.pk)
    assert not (rows_of_job.start() or rows_of_job.complete() or rows_of_job.fail(rows.TIMED_OUT))
    assert rows_of_job.get().status == JobStatus.COMPLETED
