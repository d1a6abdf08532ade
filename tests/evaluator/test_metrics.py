"""What /metrics says, read by Prometheus' own parser, and that its counters only grow."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from candidates.models import Call, Draft, Evaluation
from jobs.models import Delivery, Heartbeat, Job, JobStatus, Lane, Notification, Webhook
from jobs.monitoring import history
from tests.makers import rows

TOKEN = {"Authorization": "Bearer secret"}
pytestmark = pytest.mark.django_db


def scrape() -> dict[tuple[str, tuple[str, ...]], float]:
    """Each sample by its name and the values of its labels, in the order of the labels' names."""
    response = Client(headers={"host": "10.0.0.7:8000"}).get("/metrics", headers=TOKEN)
    assert response.status_code == 200, response.text
    families = text_string_to_metric_families(response.text)
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture(autouse=True)
def token(settings: LazySettings) -> None:
    settings.METRICS_TOKEN = "secret"


@pytest.fixture
def ended(draft: Draft, alice: User) -> Job:
    """A job that took 100 seconds and ended a while ago, with three scores and two calls."""
    for number in range(3):
        rows.candidate(draft, number)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    job = rows.job(analysis)
    ago = timezone.now() - timedelta(minutes=5)
    Job.objects.update(
        created_at=ago - timedelta(seconds=100),
        started_at=ago - timedelta(seconds=90),
        completed_at=ago,
    )
    Evaluation.objects.update(scored_at=ago - timedelta(seconds=50))
    for status, cost, error_code in (("answered", "0.25", ""), ("refused", None, "server_error")):
        Call.objects.create(
            owner=alice,
            draft=draft,
            purpose="score",
            token=job.public_id,
            model="m",
            status=status,
            reserved_tokens=9,
            prompt_tokens=1000,
            completion_tokens=50,
            cost=cost,
            error_code=error_code,
            settled_at=ago,
        )
    Call.objects.update(created_at=F("settled_at") - timedelta(seconds=3))
    return job


def test_it_needs_the_token(settings: LazySettings) -> None:
    assert Client().get("/metrics").status_code == 401
    wrong = Client().get("/metrics", headers={"Authorization": "Bearer sécret"})
    assert wrong.status_code == 401 and wrong.headers["WWW-Authenticate"] == "Bearer"
    assert Client().get("/metrics", headers=TOKEN).status_code == 200

    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_what_ended_is_counted_once_and_stays_counted(ended: Job, draft: Draft) -> None:
    first = scrape()

    assert first["evaluator_database_up", ()] == 1
    assert first["evaluator_resumes_total", ("scored",)] == 3
    assert first["evaluator_model_calls_total", ("m", "score", "answered")] == 1
    assert first["evaluator_prompt_tokens_total", ("m",)] == 2000
    assert first["evaluator_cost_dollars_total", ("m",)] == 0.25
    assert first["evaluator_job_seconds_bucket", ("60", "completed")] == 0
    assert first["evaluator_job_seconds_bucket", ("120", "completed")] == 1
    assert first["evaluator_job_seconds_count", ("completed",)] == 1
    assert first["evaluator_job_seconds_sum", ("completed",)] == pytest.approx(100)
    assert first["evaluator_evaluation_seconds_sum", ("scored",)] == pytest.approx(120)
    assert first["evaluator_model_call_seconds_bucket", ("4", "m", "score")] == 1
    assert first["evaluator_jobs", ("completed",)] == 1

    draft.delete()
    Call.objects.all().delete()
    second = scrape()

    grows = ("_total", "_bucket", "_count", "_sum")
    work = {key: value for key, value in first.items() if key[0].endswith(grows)}
    assert all(second[key] >= value for key, value in work.items())
    assert second["evaluator_resumes_total", ("scored",)] == 3
    assert second["evaluator_jobs", ("completed",)] == 0


def test_what_ends_between_two_scrapes_is_added(ended: Job, monkeypatch: Any) -> None:
    monkeypatch.setattr(history, "COUNTER_LAG", timedelta())
    scrape()
    first = Evaluation.objects.earliest("pk")
    Evaluation.objects.filter(pk=first.pk).update(scored_at=Now())

    assert scrape()["evaluator_resumes_total", ("scored",)] == 4


def test_the_gauges_of_now(draft: Draft, alice: User) -> None:
    job = rows.job(rows.analysis(draft, alice), status=JobStatus.PENDING)
    began = time.monotonic()
    lane = Lane.objects.create(draft=draft, job=job)
    Lane.objects.filter(pk=lane.pk).update(created_at=Now() - timedelta(seconds=40))
    Heartbeat.objects.create(host="a", pid=1, workers=2, canary_at=Now())
    Notification.objects.create(job=job, kind="completed", recipient="a@example.com")

    webhook = Webhook.objects.create(user=alice, url="https://example.com/")
    Delivery.objects.create(webhook=webhook, job=job, kind="run.completed", body="{}")

    samples = scrape()

    assert samples["evaluator_jobs", ("pending",)] == 1
    assert samples["evaluator_queue_depth", ()] == 1
    elapsed = time.monotonic() - began
    assert 40 <= samples["evaluator_queue_oldest_seconds", ()] <= 40 + elapsed
    assert samples["evaluator_workers", ("a",)] == 2
    assert 0 <= samples["evaluator_canary_age_seconds", ("a",)] <= elapsed
    assert samples["evaluator_emails", ("waiting",)] == 1
    assert samples["evaluator_emails", ("failed",)] == 0
    assert samples["evaluator_webhook_messages", ("failed",)] == 0
    assert samples["evaluator_webhook_messages", ("waiting",)] == 1
    assert samples["evaluator_queue_halted", ()] == 0
    assert ("evaluator_trouble", ("no-worker",)) not in samples
    Heartbeat.objects.all().delete()
    assert scrape()["evaluator_trouble", ("no-worker",)] == 1


def test_requests_are_counted_by_page_and_status(as_alice: Client) -> None:
    before = scrape()
    as_alice.get("/")
    as_alice.get("/nowhere/")

    samples = scrape()
    for key in (("GET", "home", "200"), ("GET", "none", "404")):
        name = ("evaluator_request_seconds_count", key)
        assert samples[name] == before.get(name, 0) + 1


def test_it_says_that_the_database_is_down(monkeypatch: Any) -> None:
    def refuse() -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(history, "counters", refuse)

    assert scrape()["evaluator_database_up", ()] == 0


def test_a_scrape_costs_few_statements(ended: Job, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(32):
        scrape()


def test_a_wedged_host_has_no_worker_and_an_old_canary(db: None) -> None:
    began = time.monotonic()
    host = Heartbeat.objects.create(host="a", pid=1, workers=2, canary_at=timezone.now())
    Heartbeat.objects.filter(pk=host.pk).update(
        started_at=timezone.now() - timedelta(minutes=9),
        canary_at=Now() - timedelta(seconds=40),
    )

    samples = scrape()

    assert samples["evaluator_workers", ("a",)] == 0
    elapsed = time.monotonic() - began
    assert 40 <= samples["evaluator_canary_age_seconds", ("a",)] <= 40 + elapsed
    assert samples["evaluator_trouble", ("wedged",)] == 1
