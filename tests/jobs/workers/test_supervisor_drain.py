"""SIGTERM with many calls in flight: answers are waited for a while, the rest goes back."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from candidates.models import Draft
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import CallStatus
from jobs.execution import submit
from jobs.models import Job, JobStatus, Lane
from tests.makers import rows
from tests.servers.model import serve_model
from tests.workers import environment, running, until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(180),
]

MANY = 100
IN_FLIGHT = 64


@pytest.mark.parametrize(("latency", "comes"), [(3.0, True), (90.0, False)])
def test_a_stop_gives_back_what_does_not_come_and_leaves_a_lane_for_it(
    alice: User,
    draft: Draft,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    latency: float,
    comes: bool,
) -> None:
    for number in range(MANY):
        rows.candidate(draft, number, text=f"Built Python services, for the {number}th time.")
    with serve_model(latency=latency) as model:
        for name, value in {
            **environment(tmp_path),
            "EVALUATOR_ENGINE": "openai",
            "OPENAI_API_KEY": "key",
            "OPENAI_BASE_URL": model.url,
            "EVALUATOR_CONCURRENCY": str(IN_FLIGHT // 2),
        }.items():
            monkeypatch.setenv(name, value)
        with running(tmp_path, workers=2, grace=10.0) as worker:
            job = submit.submit(draft, alice, engine="openai", mode="none")
            until(lambda: model.in_flight >= IN_FLIGHT, "all places are taken")
            worker.process.terminate()
            assert worker.process.wait(60) == 0
            assert "work in hand was cut off" not in worker.output  # it ended before its deadline
        asked = model.count

    tally = job.analysis.tally()
    assert Job.objects.get(pk=job.pk).status == JobStatus.PROCESSING
    assert not job.analysis.evaluations.filter(status=EvaluationStatus.SCORING).exists()
    assert tally[EvaluationStatus.FAILED] == 0
    assert Lane.objects.filter(job=job, started_at=None).exists()
    calls = job.analysis.calls
    assert calls.count() == asked and not calls.open().exists()
    if comes:
        assert (
            tally[EvaluationStatus.SCORED]
            == asked
            == calls.filter(status=CallStatus.ANSWERED).count()
        )
    else:
        assert tally[EvaluationStatus.WAITING] == MANY
        assert calls.filter(status=CallStatus.UNKNOWN).count() == asked
    assert set(job.analysis.evaluations.values_list("attempts", flat=True)) <= {0, 1}
