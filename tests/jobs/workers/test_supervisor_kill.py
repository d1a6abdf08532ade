"""SIGKILL in the middle of a run: nothing is lost and nothing is done twice."""

import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from candidates.models import Draft
from candidates.models.analysis import EvaluationStatus
from jobs.execution import submit
from jobs.models import JobStatus, Lane, Notification, OutgoingStatus
from tests.makers import rows
from tests.servers.model import Reply, rated, serve_model
from tests.workers import environment, running, until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(240),
]

MANY = 160


def test_killed_workers_lose_and_double_nothing(
    alice: User, draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(request: dict[str, object]) -> Reply:
        time.sleep(0.3)
        return rated(request)

    for number in range(MANY):
        rows.candidate(draft, number, text=f"Built Python services, for the {number}th time.")
    with serve_model(slowly) as model:
        for name, value in {
            **environment(tmp_path),
            "EVALUATOR_ENGINE": "openai",
            "OPENAI_API_KEY": "key",
            "OPENAI_BASE_URL": model.url,
            "EVALUATOR_CONCURRENCY": "4",
        }.items():
            monkeypatch.setenv(name, value)
        with running(tmp_path, workers=2) as worker:
            helpers = set(worker.parts()[1:])
            job = submit.submit(draft, alice, engine="openai", mode="none")
            evaluations = job.analysis.evaluations
            kills = 0
            for share in (0.15, 0.5):
                until(
                    lambda share=share: (
                        job.analysis.tally()[EvaluationStatus.SCORED] >= share * MANY
                    ),  # type: ignore[misc]
                    "some are scored",
                )
                assert Lane.objects.running().exists()
                for part in set(worker.sentinel.children()) - helpers:  # the workers themselves
                    part.kill()
                    kills += 1
            until(lambda: not job.__class__.objects.get(pk=job.pk).is_open, "the end", patience=120)
            until(lambda: Notification.objects.get().status == OutgoingStatus.SENT, "the e-mail")

    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert job.analysis.tally()[EvaluationStatus.SCORED] == MANY
    assert list(evaluations.order_by("rank").values_list("rank", flat=True)) == list(
        range(1, MANY + 1)
    )
    assert len(list((tmp_path / "mail").iterdir())) == 1
    # What was in flight, and what was answered and not yet written, is asked again; no more.
    per_kill = 4 + 4 * 3 // 2
    assert MANY <= len(model.requests) <= MANY + kills * per_kill
    assert job.analysis.calls.usage()["calls"] == MANY
