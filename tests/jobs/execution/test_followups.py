"""What is asked after the ranking: insights for the best, and a second scoring of a few."""

import math
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from candidates.models import Draft, FollowUp
from candidates.models.call import CallPurpose
from candidates.models.followup import MIN_REPEATED, FollowUpKind, FollowUpStatus
from candidates.reasons import sentence
from candidates.scoring import engines
from jobs.execution import submit
from jobs.models import Job, JobStatus, Notification
from tests.makers import rows
from tests.reasons import raises_saying
from tests.servers.model import ModelServer, completion_reply, error, rated
from tests.workers_here import work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


def several(draft: Draft, number: int) -> None:
    for each in range(number):
        rows.candidate(draft, each, text=f"Python services, the {each}th time over")


def is_insight(request: dict[str, Any]) -> bool:
    return "strengths" in str(request.get("response_format"))


def test_the_best_get_insights_of_the_model_and_a_second_run_pays_for_none(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    several(draft, 5)
    job = submit.submit(draft, alice, mode="top", top_n=2)
    work_off()

    given = job.analysis.evaluations.order_by("rank").values_list("insights", flat=True)
    assert [bool(insights) for insights in given] == [True, True, False, False, False]
    best = given[0] or {}
    assert best["version"] == engines.WITH_INSIGHTS
    assert best["strengths"][0]["quote"]["text"].startswith("Python services")
    assert sum(map(is_insight, model.requests)) == 2

    asked = len(model.requests)
    again = submit.submit(draft, alice, mode="top", top_n=2)
    work_off()
    assert len(model.requests) == asked
    assert Job.objects.get(pk=again.pk).status == JobStatus.COMPLETED
    given = again.analysis.evaluations.order_by("rank").values_list("insights", flat=True)
    assert [bool(insights) for insights in given] == [True, True, False, False, False]


def test_a_reused_insight_quotes_the_resume_that_it_is_reused_for(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    text = "Services were built by {} in Python, for years."
    rows.candidate(draft, 1, name="Ada Example", text=text.format("Ada Example"))
    submit.submit(draft, alice, mode="top", top_n=1)
    work_off()
    bob = rows.candidate(draft, 2, name="Bob Example", text=text.format("Bob Example"))
    calls = len(model.requests)

    job = submit.submit(draft, alice, mode="top", top_n=2)
    work_off()

    assert len(model.requests) == calls  # redacted, both are the same document
    insights = job.analysis.evaluations.get(candidate=bob).insights or {}
    assert insights["version"] == engines.WITH_INSIGHTS
    assert insights["strengths"][0]["quote"]["text"] == bob.text


def test_insights_for_all_come_with_the_scorecards(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    several(draft, 3)
    job = submit.submit(draft, alice, mode="all")
    work_off()

    assert len(model.requests) == 3
    assert all(job.analysis.evaluations.values_list("insights", flat=True))
    assert engines.WITH_INSIGHTS in job.analysis.version


def test_insights_that_fail_cost_no_score_and_can_be_retried(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    def refuses(request: dict[str, Any]) -> Any:
        return completion_reply(None, refusal="No.") if is_insight(request) else rated(request)

    model.script = [refuses]
    several(draft, 2)
    job = submit.submit(draft, alice, mode="top", top_n=1)
    work_off()

    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED
    failed = FollowUp.objects.get()
    assert failed.status == FollowUpStatus.FAILED
    assert sentence(failed.error) == "The model's answer cannot be used: the model refused."

    model.script = [rated]
    submit.retry(job, alice)
    work_off()
    assert FollowUp.objects.get().status == FollowUpStatus.DONE
    assert job.analysis.evaluations.filter(insights__isnull=False).count() == 1


def test_the_job_ends_after_the_last_follow_up_and_tells_once(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    states: list[str] = []

    def looks(request: dict[str, Any]) -> Any:
        if is_insight(request):
            states.append(Job.objects.get().status)
            connections.close_all()
        return rated(request)

    model.script = [looks]
    several(draft, 3)
    submit.submit(draft, alice, mode="top", top_n=3)
    work_off()

    assert set(states) == {JobStatus.PROCESSING}
    assert Notification.objects.get().kind == "completed"


def test_scoring_some_twice_tells_how_far_two_scorings_lie_apart(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    several(draft, 12)
    job = submit.submit(draft, alice, mode="none")
    work_off()
    assert job.analysis.followups.repeat_error() is None

    model.script = [lambda request: rated(request, rating=4)]  # it was 3 at first: 25 points more
    again = submit.repeat(job.analysis, alice)
    assert submit.repeat(job.analysis, alice) == again
    work_off()

    assert Job.objects.get(pk=again.pk).status == JobStatus.COMPLETED
    assert job.analysis.calls.filter(purpose=CallPurpose.REPEAT).count() == MIN_REPEATED
    known = job.analysis.followups.repeat_error()
    assert known is not None
    error, number = known
    assert number == MIN_REPEATED
    assert math.isclose(error, 25 / math.sqrt(2))
    # The scores stay what they were; all are within one such error of each other.
    standings = job.analysis.evaluations.values_list("score", "band")
    assert {(float(score or 0), band) for score, band in standings} == {(75.0, 1)}

    submit.repeat(job.analysis, alice)
    work_off()
    assert job.analysis.followups.filter(kind=FollowUpKind.REPEAT).count() == 12
    with raises_saying(submit.CannotRun, "repeated already"):
        submit.repeat(job.analysis, alice)


def test_an_analysis_can_be_asked_to_repeat_some_from_the_beginning(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    several(draft, 3)
    job = submit.submit(draft, alice, mode="none", repeats=True)
    work_off()

    assert job.analysis.followups.repeat_error() == (0.0, 3)
    assert len(model.requests) == 6


def test_an_empty_account_in_the_middle_of_insights_pauses_and_resumes(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    from jobs.execution import pause

    def broke(request: dict[str, Any]) -> Any:
        return error(429, "insufficient_quota") if is_insight(request) else rated(request)

    model.script = [broke]
    several(draft, 4)
    job = submit.submit(draft, alice, mode="top", top_n=4)
    work_off()

    job.refresh_from_db()
    assert job.is_paused and job.pause_code == "quota_gone"
    assert sum(map(is_insight, model.requests)) <= 4  # what was in flight when it ran out
    assert not Notification.objects.filter(kind="completed").exists()

    model.script = [rated]
    pause.resume_job(job, alice)
    work_off()
    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED
    assert job.analysis.followups.filter(status=FollowUpStatus.DONE).count() == 4
