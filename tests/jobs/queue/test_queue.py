"""The core of the work under each queue that one may choose: nothing of ours depends on which."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from inspect import getmembers, isfunction
from pathlib import Path

import psutil
import pytest
import redis
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.models import OrmQ
from kombu import pools

from candidates.models import Draft
from candidates.models.analysis import EvaluationStatus
from jobs import queue, tasks
from jobs.execution import submit, suggest
from jobs.models import (
    Heartbeat,
    Job,
    JobStatus,
    Lane,
    Notification,
    OutgoingStatus,
    RunningTask,
)
from jobs.queue.broker import FreeWorkers
from jobs.queue.redis import RedisBroker, _client
from jobs.workers import celery
from jobs.workers.processes import MANAGE, die_with_parent
from tests.jobs.workers.test_watchdog_slow_calls import BEAT_SECONDS, until_canaries_are_missed, use
from tests.makers import rows
from tests.servers.redis import free_port, serve_redis
from tests.servers.slots import one_slot
from tests.workers import environment, running, until, until_dead

pytestmark = pytest.mark.django_db(transaction=True)

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serve_redis() as url:
        yield url


def choose(kind: str, url: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, and those it starts, use the queue of this kind."""
    is_celery = kind == "celery"
    for name, value in {
        "JOBS_ENGINE": "celery" if is_celery else "django-q2",
        "QUEUE_BROKER": "postgres" if is_celery else kind,
        "REDIS_URL": url,
        "CELERY_BROKER_URL": url,
    }.items():
        monkeypatch.setenv(name, value)
        setattr(settings, name, value)
    classes = {
        "postgres": "jobs.queue.broker.PostgresBroker",
        "redis": "jobs.queue.redis.RedisBroker",
    }
    monkeypatch.setattr(Conf, "BROKER_CLASS", classes.get(kind))
    monkeypatch.setattr(celery.app.conf, "broker_url", url)
    pools.reset()  # type: ignore[no-untyped-call]
    celery.app._after_fork()  # forget the connections to another server
    _client.cache_clear()


@pytest.fixture(params=["postgres", "stock", "redis", "celery"])
def kind(
    request: pytest.FixtureRequest,
    server: str,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    choose(request.param, server, settings, monkeypatch)
    yield request.param
    with redis.Redis.from_url(server) as client:
        client.flushall()


def over(job: Job) -> bool:
    job.refresh_from_db()
    return not job.is_open


@pytest.mark.processes
def test_a_job_runs_to_its_email_and_again_for_what_failed(
    kind: str, alice: User, draft: Draft, tmp_path: Path
) -> None:
    for number in range(20):
        rows.waiting(draft, number)
    with running(tmp_path, workers=2, beat=1.5) as worker:
        first = submit.submit(draft, alice)
        until(partial(over, first), "the job")
        evaluations = first.analysis.evaluations
        evaluations.filter(rank=1).update(**rows.failure())
        second = submit.retry(first, alice)
        until(partial(over, second), "the retry")
        until(
            lambda: Notification.objects.filter(status=OutgoingStatus.SENT).count() == 2,
            "the e-mails",
        )
        worker.wait_for_messages()
        worker.process.terminate()
        assert worker.process.wait(15) == 0, worker.output
        until_dead(worker.left(), patience=5)

    assert (first.status, second.status) == (JobStatus.COMPLETED, JobStatus.COMPLETED), second.error
    assert evaluations.filter(status=EvaluationStatus.SCORED).count() == 20
    # Two e-mails of one second may share a file.
    mail = "".join(path.read_text() for path in (tmp_path / "mail").iterdir())
    assert mail.count("\nSubject: ") == 2
    assert not Lane.objects.exists() and not Heartbeat.objects.exists()
    assert queue.is_empty() and not queue.has_waiting_messages()


@pytest.mark.processes
def test_what_the_queue_lost_is_sent_again_and_what_dies_is_replaced(
    kind: str, server: str, alice: User, draft: Draft, tmp_path: Path
) -> None:
    rows.candidate(draft)
    job = submit.submit(draft, alice)
    OrmQ.objects.all().delete()
    with redis.Redis.from_url(server) as client:
        client.flushall()
    Lane.objects.update(due_at=Now() - timedelta(minutes=2))

    with running(tmp_path, workers=1, beat=1.5) as worker:
        until(partial(over, job), "the job whose message was lost")
        before = [worker.main, *worker.main.children(recursive=True)]
        worker.main.kill()
        until_dead(before, patience=10)
        worker.wait_for_messages()
        assert worker.heartbeat.restarts == 1

    assert job.status == JobStatus.COMPLETED


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["celery"], indirect=True)
def test_a_worker_that_waits_for_a_slow_model_is_not_replaced(
    kind: str, alice: User, draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tests/jobs/workers/test_watchdog_slow_calls.py shows it for django-q2."""
    for number in range(4):
        rows.candidate(draft, number, text=f"Built Python services, for the {number}th time.")
    with one_slot() as (model, slot):
        use(model, tmp_path, monkeypatch)
        with running(tmp_path, workers=1, beat=BEAT_SECONDS) as worker:
            job = submit.submit(draft, alice, engine="openai", mode="none")
            until(lambda: model.requests, "the first call")
            until_canaries_are_missed(worker)
            slot.answer(4)
            until(partial(over, job), "the job")
            suggestion = suggest.request_suggestion(draft, alice, engine="openai")
            until(lambda: len(model.requests) == 5, "the call for criteria")
            until_canaries_are_missed(worker)
            assert RunningTask.objects.get().name == "suggest"
            assert worker.heartbeat.restarts == 0, worker.output

    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert suggestion.is_open and list(model.prompt_counts.values()) == [1] * 5


def test_celery_s_workers_know_all_that_a_worker_may_be_asked() -> None:
    celery._register()

    asked = {name for name, _ in getmembers(tasks, isfunction)}
    assert {f"jobs.tasks.{name}" for name in asked} <= set(celery.app.tasks)
    assert "suggest" in asked


@pytest.mark.processes
def test_a_message_in_redis_that_nobody_can_read_keeps_no_worker_busy(
    server: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose("redis", server, settings, monkeypatch)
    free_workers = FreeWorkers(1)
    free_workers.add()
    broker = RedisBroker(Conf.PREFIX, free_workers)
    for message in ("signed with another key", "readable"):
        broker.enqueue(message)

    assert broker.dequeue() == [(None, b"signed with another key")]
    assert broker.dequeue() is None  # the only worker is taken to have it
    broker.fail(None)

    assert broker.dequeue() == [(None, b"readable")]


@pytest.mark.processes
def test_a_message_exists_from_the_commit_on_and_not_without_one(kind: str) -> None:
    assert queue.is_empty()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue.send("canary", 0)
        1 / 0  # noqa: B018
    assert queue.is_empty() and not queue.has_waiting_messages()

    with transaction.atomic():
        queue.send("canary", 0, later=True)
    assert queue.has_waiting_messages() and not queue.is_empty()


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["postgres", "redis", "celery"], indirect=True)
def test_what_is_for_later_comes_after_the_rest(kind: str, tmp_path: Path) -> None:
    later, now = (
        Heartbeat.objects.create(host=name, pid=1, workers=1) for name in ("later", "now")
    )
    queue.send("canary", later.pk, later=True)
    queue.send("canary", now.pk)

    def both_came() -> bool:
        for each in (later, now):
            each.refresh_from_db()
        return bool(later.canary_at and now.canary_at)

    with running(tmp_path, workers=1):
        until(both_came, "both messages")
    assert later.canary_at and now.canary_at
    assert now.canary_at < later.canary_at


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["redis", "celery"])
def test_a_queue_that_does_not_answer_stops_no_submit(
    kind: str,
    alice: User,
    draft: Draft,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    choose(kind, NOWHERE, settings, monkeypatch)
    rows.candidate(draft)

    job = submit.submit(draft, alice)

    assert job.is_open and Lane.objects.get().job == job
    assert f"score ({Lane.objects.get().pk},) will be sent by the sweep" in caplog.text
    assert not queue.has_waiting_messages() and not queue.is_empty()
    with pytest.raises(queue.QueueDown):
        queue.put_canary(1)


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["redis", "celery"])
def test_an_outage_of_the_queue_is_sat_out(
    kind: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = free_port()
    choose(kind, f"redis://127.0.0.1:{port}/0", settings, monkeypatch)
    with ExitStack() as stack:
        with serve_redis(port):
            worker = stack.enter_context(running(tmp_path, workers=1, beat=1.5))
        until(lambda: "watchdog: the queue does not answer" in worker.output)
        assert worker.process.poll() is None
        with serve_redis(port):
            worker.wait_for_messages()


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["celery"], indirect=True)
def test_a_celery_worker_of_ones_own_does_all_that_ours_does(
    kind: str, alice: User, draft: Draft, tmp_path: Path
) -> None:
    for number in range(3):
        rows.waiting(draft, number)
    job = submit.submit(draft, alice)
    celery.app.control.purge()  # so that the sweep has something to do
    Lane.objects.update(due_at=Now() - timedelta(minutes=2))
    log = tmp_path / "celery.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "evaluator", "worker", "-c", "2"],
            cwd=MANAGE.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment(tmp_path)},
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
    try:
        until(lambda: Heartbeat.objects.alive().filter(pid=process.pid, workers=2).exists())
        until(partial(over, job), "the job")
        assert job.status == JobStatus.COMPLETED
        everybody = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
        process.terminate()
        assert process.wait(20) == 0, log.read_text()
        until_dead(everybody, patience=5)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert not Heartbeat.objects.exists()
