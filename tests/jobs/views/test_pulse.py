"""A poll that finds nothing new is answered early, and one that would find something is not."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import REGISTRY

from candidates.models import Draft, Evaluation, Event
from jobs.execution import pause, submit
from jobs.models import Halt, Heartbeat, Job, JobStatus
from jobs.views import pulse
from tests.makers import rows

HTMX = {"HX-Request": "true"}


@pytest.fixture
def job(draft: Draft, alice: User) -> Job:
    """Under way for some minutes, with nothing scored of late."""
    rows.candidates(draft, 4)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    Evaluation.objects.filter(rank__gt=1).update(
        status="waiting", score=None, rank=None, scored_at=None
    )
    Evaluation.objects.filter(rank=1).update(scored_at=timezone.now() - timedelta(minutes=2))
    job = rows.job(analysis, JobStatus.PROCESSING)
    began = timezone.now() - timedelta(minutes=5)
    Job.objects.filter(pk=job.pk).update(created_at=began, started_at=began)
    return job


@pytest.fixture
def poll(job: Job, as_alice: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Asks as the page of the job does that has seen what there is; returns the status."""
    monkeypatch.setattr(pulse, "PACE_REFRESH_SECONDS", 1_000_000)
    address = job.get_absolute_url()
    seen = as_alice.get(address, headers=HTMX).headers["ETag"]
    asks = {**HTMX, "If-None-Match": seen}
    return lambda: as_alice.get(address, headers=asks).status_code


def score(job: Job) -> None:
    evaluation = Evaluation.objects.filter(status="waiting").first()
    assert evaluation is not None
    Evaluation.objects.filter(pk=evaluation.pk).update(
        status="scored", score=50, rank=2, scored_at=timezone.now() - timedelta(minutes=1)
    )


def fail(job: Job) -> None:
    evaluation = Evaluation.objects.filter(status="waiting").first()
    assert evaluation is not None
    Evaluation.objects.filter(pk=evaluation.pk).update(**rows.failure(), scored_at=timezone.now())


def halt(job: Job) -> None:
    pause.halt_queue(job.requested_by, "The model is being replaced.")


def tell_of_a_worker(job: Job) -> None:
    Heartbeat.objects.create(
        host="one", pid=1, workers=2, seen_at=timezone.now(), canary_at=timezone.now()
    )


def test_what_has_not_changed_costs_one_query(
    poll: Callable[[], int], as_alice: Client, job: Job
) -> None:
    counted = {"page": "jobs:job", "method": "GET", "status": "304"}
    before = REGISTRY.get_sample_value("evaluator_request_seconds_count", counted) or 0
    with CaptureQueriesContext(connection) as seen:
        assert poll() == 304
    assert len(seen) == 1
    assert REGISTRY.get_sample_value("evaluator_request_seconds_count", counted) == before + 1


@pytest.mark.parametrize(
    "change",
    [
        score,
        fail,
        halt,
        tell_of_a_worker,
        lambda job: submit.cancel(job, job.requested_by),
        lambda job: pause.pause_job(job, job.requested_by),
        lambda job: Event.objects.create(
            draft=job.analysis.draft, verb="retried", about=job.public_id
        ),
    ],
    ids=["score", "failure", "halt", "worker", "cancel", "pause", "event"],
)
def test_what_has_changed_is_looked_at(
    poll: Callable[[], int], job: Job, change: Callable[[Job], None]
) -> None:
    assert poll() == 304
    change(job)
    with CaptureQueriesContext(connection) as seen:
        poll()
    assert len(seen) > 1


def test_a_change_is_shown(poll: Callable[[], int], job: Job) -> None:
    fail(job)
    assert poll() == 200
    assert not Halt.objects.exists()


def test_who_has_logged_out_is_sent_to_the_log_in(
    poll: Callable[[], int], as_alice: Client, job: Job
) -> None:
    session = as_alice.session
    session.flush()
    assert poll() == 302


def test_another_session_is_not_taken_for_the_one_that_saw_the_page(
    poll: Callable[[], int], as_alice: Client, as_eve: Client, job: Job
) -> None:
    seen = as_alice.get(job.get_absolute_url(), headers=HTMX).headers["ETag"]
    asks = {**HTMX, "If-None-Match": seen}
    assert as_alice.get(job.get_absolute_url(), headers=asks).status_code == 304
    assert as_eve.get(job.get_absolute_url(), headers=asks).status_code == 404
    assert Client().get(job.get_absolute_url(), headers=asks).status_code == 302


def test_after_a_minute_who_asks_is_looked_at_again(
    poll: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert poll() == 304
    later = time.monotonic() + pulse.CACHE_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with CaptureQueriesContext(connection) as seen:
        assert poll() == 304
    assert len(seen) > 1
