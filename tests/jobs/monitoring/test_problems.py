"""What the program says is wrong, and that it says so no longer when it is mended."""

from collections import namedtuple
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from candidates.facts.reason import DeliveryCode, FailureCode, Param, Reason
from candidates.models import Analysis, Call, Draft, Evaluation
from candidates.models.call import CallStatus
from candidates.models.reason import error_columns
from candidates.reasons import sentence
from jobs.execution import pause
from jobs.execution.balance import balance_jobs
from jobs.models import (
    Halt,
    Heartbeat,
    Job,
    JobStatus,
    Lane,
    Notification,
    NotificationKind,
    OutgoingStatus,
)
from jobs.models.worker import Incident, IncidentKind
from jobs.monitoring import problems
from tests.makers import rows
from tests.workers import outage

BUSY = {"status": CallStatus.REFUSED, "error_code": "server_error", "http_status": 429}


def names() -> list[str]:
    return [
        problem.name
        for problem in problems.system_problems()
        if problem.name != "database-restarted"
    ]


def ago(seconds: float) -> object:
    return Now() - timedelta(seconds=seconds)


@pytest.fixture
def host(db: None) -> Heartbeat:
    """A host in good health."""
    return Heartbeat.objects.create(host="one", pid=1, workers=2, canary_at=timezone.now())


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    return rows.analysis(draft, alice)


def test_all_is_well(host: Heartbeat) -> None:
    assert names() == []


def test_no_worker(db: None) -> None:
    (problem,) = (each for each in problems.system_problems() if each.name == "no-worker")

    assert problem.stops_work and problem.title == "No worker is alive."
    assert "manage.py worker" in problem.remedy


def test_a_silent_host_is_missed_until_another_comes(host: Heartbeat) -> None:
    other = Heartbeat.objects.create(host="two", pid=2, workers=2, canary_at=timezone.now())
    Heartbeat.objects.filter(pk=other.pk).update(seen_at=ago(9), started_at=ago(60))
    Heartbeat.objects.filter(pk=host.pk).update(started_at=ago(60))
    assert names() == ["host-silent"]

    Heartbeat.objects.create(host="three", pid=3, workers=2, canary_at=timezone.now())
    assert names() == []


def test_workers_that_look_alive_and_take_nothing(host: Heartbeat, draft: Draft) -> None:
    Heartbeat.objects.filter(pk=host.pk).update(canary_at=ago(12), started_at=ago(60))
    (problem,) = (each for each in problems.system_problems() if each.name == "wedged")
    assert problem.stops_work
    assert problem.since is not None

    lane = {"token": uuid4(), "started_at": Now(), "due_at": Now() + timedelta(seconds=15)}
    Lane.objects.create(draft=draft, worker=host, **lane)
    assert names() == []  # it is at work, and the test message waits


def test_a_drained_host_is_no_dead_one(host: Heartbeat) -> None:
    Heartbeat.objects.update(draining=True, stopping=True)
    assert names() == ["drained"]
    assert any(each.stops_work for each in problems.system_problems())

    Heartbeat.objects.create(host="two", pid=2, workers=1, canary_at=Now())
    assert names() == ["drained"]
    assert not any(each.stops_work for each in problems.system_problems())


def test_deaths_are_news_for_a_minute(host: Heartbeat) -> None:
    for _ in range(2):
        Incident.objects.create(
            host="one", heartbeat=host.pk, kind=IncidentKind.PROCESS, reason_code="worker_died"
        )
    Incident.objects.create(
        host="one",
        heartbeat=host.pk,
        kind=IncidentKind.WORKERS,
        reason_code="canary_missing",
        reason_params={"seconds": 15},
    )
    titles = [each.title for each in problems.system_problems()]
    assert "2 processes of the workers on one died and were replaced." in titles
    assert "The workers on one were replaced." in titles

    Incident.objects.update(occurred_at=ago(61))
    assert names() == []


def test_a_job_with_nobody_at_it(host: Heartbeat, analysis: Analysis) -> None:
    job = rows.job(analysis, JobStatus.PROCESSING)
    assert names() == ["job-stuck"]

    lane = Lane.objects.create(draft=analysis.draft, job=job)
    assert names() == []

    Lane.objects.filter(pk=lane.pk).update(created_at=ago(11), due_at=ago(11))
    assert names() == ["job-stuck"]  # though workers are free
    Heartbeat.objects.update(workers=0)
    assert names() == []


def test_a_running_job_with_too_few_lanes(
    host: Heartbeat, analysis: Analysis, client: Client, sam: User, settings: LazySettings
) -> None:
    rows.candidates(analysis.draft, 40)
    Evaluation.objects.enrol(analysis)
    job = rows.job(analysis, JobStatus.PROCESSING)
    Lane.objects.create(draft=analysis.draft, job=job)
    assert names() == []  # the workers are new
    Heartbeat.objects.update(started_at=ago(11))
    assert names() == []  # and so is the work
    Evaluation.objects.update(due_at=ago(11))

    assert names() == ["lanes-missing"]
    (problem,) = (each for each in problems.system_problems() if each.name == "lanes-missing")
    assert (problem.stops_work, problem.job) == (False, job.pk)
    assert problem.title == f"Job {job.public_id} has 1 of the 2 lanes that work and workers allow."
    settings.METRICS_TOKEN = "token"
    metrics = client.get("/metrics", headers={"Authorization": "Bearer token"}).text
    assert f'evaluator_lanes_missing{{job="{job.public_id}"}} 1.0' in metrics
    client.force_login(sam)
    page = client.get("/admin/jobs/period/").text
    assert problem.title in page
    assert f'<a href="/admin/jobs/job/{job.pk}/change/">Show job</a>' in page

    pause.halt_queue(sam, "The model moves.")  # no lane is added then, and none is missed
    metrics = client.get("/metrics", headers={"Authorization": "Bearer token"}).text
    assert "evaluator_lanes_missing{" not in metrics
    Halt.objects.all().delete()

    balance_jobs(job.pk)

    assert names() == []
    metrics = client.get("/metrics", headers={"Authorization": "Bearer token"}).text
    assert "evaluator_lanes_missing{" not in metrics


def test_a_halt_is_named_and_no_job_is_stuck_then(
    host: Heartbeat, analysis: Analysis, sam: User
) -> None:
    rows.job(analysis, JobStatus.PROCESSING)
    pause.halt_queue(sam, "The model moves.")

    assert names() == ["halted"]


@pytest.mark.parametrize(
    "reason, name",
    [
        (Reason(FailureCode.QUOTA_GONE), "quota-gone"),
        (Reason(FailureCode.KEY_REFUSED, {"status": 401}), "key-refused"),
        (Reason(FailureCode.MODEL_UNKNOWN, {"model": "m", "status": 404}), "paused"),
    ],
)
def test_a_job_that_paused_by_itself(
    host: Heartbeat, analysis: Analysis, reason: Reason, name: str
) -> None:
    job = rows.job(analysis, JobStatus.PROCESSING)
    pause.pause_for_problem(job, reason)
    Notification.objects.all().delete()

    (problem,) = (each for each in problems.system_problems() if each.name == name)
    assert problem.remedy == f"{sentence(reason)} 1 job waits."

    Job.objects.filter(pk=job.pk).resume()
    Lane.objects.create(draft=analysis.draft, job=job)
    assert names() == []


def test_a_person_may_pause_a_job(host: Heartbeat, analysis: Analysis, sam: User) -> None:
    pause.pause_job(rows.job(analysis, JobStatus.PROCESSING), sam)

    assert names() == []


@pytest.mark.parametrize(
    "call, name",
    [
        (BUSY, "model-busy"),
        ({**BUSY, "http_status": 503}, "model-down"),
        ({"status": CallStatus.FAILED, "error_code": "unreachable"}, "model-down"),
        ({"status": CallStatus.UNKNOWN, "error_code": "timed_out"}, "model-down"),
    ],
)
def test_a_model_that_does_not_answer(
    host: Heartbeat, analysis: Analysis, call: dict[str, Any], name: str
) -> None:
    job = rows.job(analysis, JobStatus.PROCESSING)
    Lane.objects.create(draft=analysis.draft, job=job)
    rows.call(analysis)
    for _ in range(2):
        rows.call(analysis, **call)
    assert names() == []  # two may be chance

    rows.call(analysis, **call)
    assert names() == [name]

    rows.call(analysis)
    assert names() == []


def test_a_model_that_told_everybody_to_wait(host: Heartbeat, analysis: Analysis) -> None:
    Lane.objects.create(draft=analysis.draft, job=rows.job(analysis, JobStatus.PROCESSING))
    call = rows.call(analysis, **BUSY)
    assert names() == []

    Call.objects.filter(pk=call.pk).update(settled_at=ago(6))
    assert names() == ["model-busy"]


def test_mail_that_is_refused_or_waits_too_long(host: Heartbeat, analysis: Analysis) -> None:
    job = rows.job(analysis)
    mail = Notification.objects.create(
        job=job, kind=NotificationKind.COMPLETED, recipient="a@example.com"
    )
    assert names() == []

    params: dict[str, Param] = {"status": 451, "error_class": "SMTPRecipientsRefused"}
    refused = Reason(DeliveryCode.MAIL_REFUSED, params)
    for recipient in ("b@example.com", "c@example.com"):
        Notification.objects.create(
            job=job, kind=mail.kind, recipient=recipient, **error_columns(refused)
        )
    silent = error_columns(Reason(DeliveryCode.MAIL_SERVER_TIMED_OUT))
    Notification.objects.filter(pk=mail.pk).update(**silent)
    down = [each for each in problems.system_problems() if each.name == "mail-down"]
    assert [problem.title for problem in down] == [
        "2 e-mails could not be sent: The mail server refused the e-mail with 451, "
        "SMTPRecipientsRefused.",
        "1 e-mail could not be sent: The mail server did not answer in time.",
    ]

    Notification.objects.exclude(pk=mail.pk).delete()
    Notification.objects.filter(pk=mail.pk).update(**error_columns(None), created_at=ago(181))
    assert names() == ["mail-late"]

    Notification.objects.filter(pk=mail.pk).update(status=OutgoingStatus.SENT, sent_at=Now())
    assert names() == []


def test_a_disk_that_fills(host: Heartbeat, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**11, 10**11, 5 * 1024**2))

    (problem,) = (each for each in problems.system_problems() if each.name == "disk-low")
    assert problem.title == "The disk with the data has 5 MB left."


def test_connections_that_run_out(host: Heartbeat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "CONNECTIONS_NEARLY_FULL", 0.001)

    assert names() == ["connections-full"]


@pytest.mark.django_db(transaction=True)
def test_an_outage_of_the_database_is_a_problem_and_no_error() -> None:
    with outage():
        assert "database-down" in names()
    assert "no-worker" in names()
