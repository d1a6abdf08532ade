"""A worker that waits for a slow model is at work: it is not replaced, and no call is repeated."""

import json
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from candidates.models import Draft
from candidates.models.suggestion import SuggestionStatus
from jobs.execution import submit, suggest
from jobs.models import Heartbeat, Job, JobStatus, RunningTask
from jobs.workers.watchdog import MISSED_CANARIES
from tests.makers import rows
from tests.servers.model import ModelServer, completion_reply
from tests.servers.slots import one_slot
from tests.workers import Worker, environment, running, until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

BEAT_SECONDS = 0.5
CRITERIA = completion_reply(
    json.dumps(
        {
            "criteria": [
                {"name": name, "looks_for": "", "weight": 2, "must_have": False}
                for name in ("Payments", "PostgreSQL", "Python")
            ]
        }
    )
)


def use(model: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Let this process, and those it starts, call the model server."""
    for name, value in {
        **environment(tmp_path),
        "EVALUATOR_ENGINE": "openai",
        "OPENAI_API_KEY": "key",
        "OPENAI_BASE_URL": model.url,
        **more,
    }.items():
        monkeypatch.setenv(name, value)


def until_canaries_are_missed(worker: Worker) -> None:
    """Wait for three times as long as free workers may let a test message wait."""
    length = timedelta(seconds=3 * MISSED_CANARIES * BEAT_SECONDS)
    host = Heartbeat.objects.filter(pid=worker.pid)
    until(host.filter(canary_at__lt=Now() - length).exists, "late test messages")


def is_over(job: Job) -> bool:
    job.refresh_from_db()
    return not job.is_open


@pytest.mark.parametrize("concurrency", ["32", "1"])
def test_four_résumés_at_a_server_with_one_slot_take_four_calls(
    alice: User,
    draft: Draft,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    concurrency: str,
) -> None:
    for number in range(4):
        rows.candidate(draft, number, text=f"Built Python services, for the {number}th time.")
    with one_slot() as (model, slot):
        use(model, tmp_path, monkeypatch, EVALUATOR_CONCURRENCY=concurrency)
        with running(tmp_path, workers=1, beat=BEAT_SECONDS) as worker:
            job = submit.submit(draft, alice, engine="openai", mode="none")
            for number in range(1, 5):
                until(lambda number=number: len(model.requests) >= number, "the next call")  # type: ignore[misc]
                until_canaries_are_missed(worker)
                assert Heartbeat.objects.alive().exists()
                slot.answer()
            until(partial(is_over, job), "the end of the job")
            worker.wait_for_messages(1)
            assert worker.heartbeat.restarts == 0, worker.output

    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert list(model.prompt_counts.values()) == [1, 1, 1, 1]
    assert job.analysis.calls.usage()["calls"] == len(model.requests) == 4


def test_a_suggestion_takes_one_call(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with one_slot(CRITERIA) as (model, slot):
        use(model, tmp_path, monkeypatch)
        with running(tmp_path, workers=1, beat=BEAT_SECONDS) as worker:
            suggestion = suggest.request_suggestion(draft, draft.owner, engine="openai")
            until(lambda: model.requests, "the call")
            until_canaries_are_missed(worker)
            assert Heartbeat.objects.alive().exists()
            assert RunningTask.objects.get().name == "suggest"
            slot.answer()
            until(lambda: not draft.suggestions.all().open().exists(), "the suggestion")
            worker.wait_for_messages(1)
            assert worker.heartbeat.restarts == 0, worker.output

    suggestion.refresh_from_db()
    assert suggestion.status == SuggestionStatus.READY
    assert len(model.requests) == 1
    assert not RunningTask.objects.exists()
