"""The switches of the roll-out: small runs in the request, large ones refused."""

import io
import threading
import zipfile
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Call, Draft
from candidates.models.analysis import EvaluationStatus
from jobs.execution import submit, turn
from jobs.models import Job, JobStatus, Lane, Notification
from tests import workers_here
from tests.makers import rows
from tests.servers.answers import Behaviour
from tests.servers.model import ModelServer
from tests.workers import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def model(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    workers_here.shorten_waits(monkeypatch)
    with workers_here.model_server(settings) as server:
        yield server


def fill(draft: Draft, number: int) -> None:
    for each in range(number):
        rows.candidate(draft, each, text=f"Built payments in Python, case {each + 100}.")


def run(client: Client, draft: Draft) -> str:
    answer = client.post(reverse("jobs:run", args=[draft.public_id]), {"insights_mode": "none"})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def estimate_page(client: Client, draft: Draft) -> str:
    return client.get(reverse("jobs:estimate", args=[draft.public_id])).content.decode()


def test_a_small_run_answers_with_its_ranking(
    as_alice: Client, draft: Draft, settings: LazySettings, model: ModelServer
) -> None:
    settings.BACKGROUND_FROM = 4
    fill(draft, 3)
    assert "So few are ranked at once" in estimate_page(as_alice, draft)

    place = run(as_alice, draft)

    job = Job.objects.get()
    assert place == job.analysis.get_absolute_url()
    assert job.status == JobStatus.COMPLETED
    assert not Lane.objects.exists()
    assert Notification.objects.count() == 1


@pytest.mark.parametrize(("background_from", "unread"), [(0, 0), (3, 0), (5, 1)])
def test_what_is_not_small_or_not_read_is_left_to_the_workers(
    as_alice: Client,
    draft: Draft,
    settings: LazySettings,
    model: ModelServer,
    background_from: int,
    unread: int,
) -> None:
    settings.BACKGROUND_FROM = background_from
    fill(draft, 3)
    for each in range(unread):
        rows.waiting(draft, 10 + each)
    assert "So few are ranked at once" not in estimate_page(as_alice, draft)

    place = run(as_alice, draft)

    assert place == Job.objects.get().get_absolute_url()
    assert Job.objects.get().status == JobStatus.PENDING
    assert Lane.objects.get().started_at is None
    assert not model.log


@pytest.mark.slow
def test_what_takes_longer_goes_on_in_the_background(
    as_alice: Client,
    draft: Draft,
    settings: LazySettings,
    model: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.BACKGROUND_FROM, settings.EVALUATOR_CONCURRENCY = 10, 2
    monkeypatch.setattr(turn, "REQUEST_SECONDS", 0.3)
    model.behaviour = Behaviour(latency=0.2)
    fill(draft, 8)

    place = run(as_alice, draft)

    job = Job.objects.get()
    assert place == job.get_absolute_url()
    assert job.analysis.evaluations.filter(status=EvaluationStatus.SCORED).count() < 8
    assert Lane.objects.get().started_at is None
    monkeypatch.setattr(turn, "REQUEST_SECONDS", 0.0)
    workers_here.work_off()
    assert Job.objects.get().status == JobStatus.COMPLETED
    assert Call.objects.count() == len(model.log) == 8


def test_with_a_worker_beside_the_request_nothing_is_done_twice(
    as_alice: Client, draft: Draft, settings: LazySettings, model: ModelServer
) -> None:
    settings.BACKGROUND_FROM, settings.EVALUATOR_CONCURRENCY = 20, 2
    model.behaviour = Behaviour(latency=0.05)
    fill(draft, 12)
    began = threading.Event()

    def be_a_worker() -> None:
        try:
            until(Lane.objects.exists, "a lane")
            job = Job.objects.get()
            until(lambda: not Job.objects.filter(status=JobStatus.PENDING).exists(), "the start")
            submit.add_lane(draft.pk, job)
            began.set()
            for lane in Lane.objects.filter(started_at=None):
                workers_here.score(lane.pk)
        finally:
            connection.close()

    beside = threading.Thread(target=be_a_worker)
    beside.start()
    run(as_alice, draft)
    beside.join(30)
    workers_here.work_off()

    assert began.is_set()
    assert Job.objects.get().status == JobStatus.COMPLETED
    assert Call.objects.count() == len(model.log) == 12
    assert Notification.objects.count() == 1


def test_a_run_of_more_than_the_most_is_refused_before_and_at_the_button(
    as_alice: Client, draft: Draft, settings: LazySettings
) -> None:
    fill(draft, 3)
    settings.MAX_BATCH = 2
    why = "The draft has 3 résumés, and this site takes up to 2 in one run."

    assert why in estimate_page(as_alice, draft)
    assert run(as_alice, draft) == draft.get_absolute_url()
    assert why in as_alice.get(draft.get_absolute_url()).content.decode()
    assert not Job.objects.exists()

    settings.MAX_BATCH = 3
    run(as_alice, draft)
    assert Job.objects.count() == 1


@pytest.mark.processes
def test_an_archive_that_held_more_fails_its_run_with_the_reason(
    draft: Draft, alice: User, settings: LazySettings
) -> None:
    settings.MAX_BATCH = 2
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for each in range(3):
            archive.writestr(f"{each}.txt", f"Built payments in Python, number {each}.")
    workers_here.upload(draft, {"all.zip": packed.getvalue()})

    submit.submit(draft, alice)
    workers_here.work_off()

    job = Job.objects.get()
    assert job.status == JobStatus.FAILED
    assert job.error == Reason(FailureCode.TOO_MANY_RESUMES, {"number": 3, "most": 2})
    assert Notification.objects.get().kind == "failed"
