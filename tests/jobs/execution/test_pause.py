"""Pausing a job and letting it go on."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from candidates.models import Draft, Evaluation, Event
from candidates.models.analysis import EvaluationStatus
from candidates.reasons import sentence
from jobs.execution import pause, submit
from jobs.models import Job, JobStatus, Lane, Notification
from jobs.workers.sweep import sweep
from tests import workers_here
from tests.makers import rows
from tests.retries import shorten_retries_within_calls
from tests.servers.model import ModelServer, error, rated
from tests.workers_here import work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


def several(draft: Draft, number: int) -> None:
    for each in range(number):
        rows.candidate(draft, each, text=f"Python services, the {each}th time over")


def test_a_pending_job_that_is_paused_waits_until_it_is_resumed(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    several(draft, 2)
    job = submit.submit(draft, alice, mode="none")

    assert pause.pause_job(job, alice)
    assert not pause.pause_job(job, alice)
    sweep()
    work_off()
    assert not Lane.objects.exists()
    assert len(model.requests) == 0

    assert pause.resume_job(job, alice)
    assert not pause.resume_job(job, alice)
    work_off()
    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED
    verbs = list(Event.objects.filter(about=job.public_id).values_list("verb", flat=True))
    assert verbs == ["queued", "paused", "resumed", "started", "completed"]
    assert not Notification.objects.filter(kind="paused").exists()  # the one who did it knows


def test_what_is_on_its_way_when_a_job_is_paused_is_still_written(
    alice: User, draft: Draft, model: ModelServer, settings: Any
) -> None:
    settings.EVALUATOR_CONCURRENCY = 2
    several(draft, 8)
    job = submit.submit(draft, alice, mode="none")

    def pauses(request: dict[str, Any]) -> Any:
        pause.pause_job(job, alice)
        connections.close_all()
        return replace(rated(request), seconds=0.3)

    model.script = [pauses]
    work_off()

    asked = len(model.requests)
    tally = job.analysis.tally()
    assert 0 < asked < 8
    assert tally[EvaluationStatus.SCORED] == asked
    assert not job.analysis.evaluations.filter(status=EvaluationStatus.SCORING).exists()
    assert not Lane.objects.exists()

    model.script = [rated]
    pause.resume_job(job, alice)
    work_off()
    assert len(model.requests) == 8
    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED


def test_a_paused_job_can_be_cancelled_and_what_it_scored_is_ranked(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    model.script = [rated, rated, error(401)]
    several(draft, 6)
    job = submit.submit(draft, alice, mode="none")
    work_off()
    job.refresh_from_db()
    assert job.is_paused

    assert submit.cancel(job, alice)
    work_off()

    job.refresh_from_db()
    assert (job.status, job.pause_reason) == (JobStatus.CANCELLED, None)
    scored = job.analysis.evaluations.filter(status=EvaluationStatus.SCORED)
    assert scored.exists() and not scored.unranked().exists()


def test_a_model_that_is_out_of_reach_costs_no_attempt_and_pauses_the_job_in_the_end(
    alice: User, draft: Draft, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten_retries_within_calls(monkeypatch, max_attempts=1)
    model.script = [error(503)]
    rows.candidate(draft)
    job = submit.submit(draft, alice, mode="none")
    workers_here.shorten_retries(monkeypatch, 0.005)

    work_off()

    job.refresh_from_db()
    assert job.is_paused and "about an hour" in sentence(job.pause_reason)
    evaluation = Evaluation.objects.get()
    assert (evaluation.status, evaluation.attempts) == (EvaluationStatus.WAITING, 0)

    model.script = [rated]
    pause.resume_job(job, alice)
    work_off()
    assert Evaluation.objects.get().status == EvaluationStatus.SCORED
