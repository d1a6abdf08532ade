"""What died leaves a row, for a week."""

import logging
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs.models.worker import INCIDENTS_KEPT, Incident, IncidentKind
from jobs.queue.cluster import IncidentLogHandler
from jobs.workers.sweep import sweep
from jobs.workers.watchdog import Watchdog


@pytest.fixture
def log() -> logging.Logger:
    """A log that is listened to as django-q2's is."""
    log = logging.Logger("django-q")
    log.addHandler(IncidentLogHandler("one"))
    return log


@pytest.mark.django_db(transaction=True)
def test_a_death_is_written_down_and_a_recycled_worker_is_none(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", "7")

    log.info("recycled worker 1")
    log.critical("reincarnated pusher 2 after sudden death")

    row = Incident.objects.get()
    assert (row.host, row.heartbeat, row.kind) == ("one", 7, IncidentKind.PROCESS)
    assert row.detail == "reincarnated pusher 2 after sudden death"


def test_a_restart_of_the_workers_is_written_down_with_its_reason(db: None) -> None:
    watchdog = Watchdog(workers=2)
    watchdog.register()
    watchdog.record_restart("it ended with code -9")

    row = Incident.objects.get()
    assert (row.heartbeat, row.kind, row.detail) == (
        watchdog.pk,
        IncidentKind.WORKERS,
        "it ended with code -9",
    )
    watchdog.heartbeat.refresh_from_db()
    assert watchdog.heartbeat.restarts == 1


def test_the_sweep_forgets_what_is_old(db: None) -> None:
    for age in (INCIDENTS_KEPT, INCIDENTS_KEPT - timedelta(hours=1)):
        row = Incident.objects.create(host="one", heartbeat=1, kind=IncidentKind.PROCESS)
        Incident.objects.filter(pk=row.pk).update(occurred_at=Now() - age - timedelta(seconds=1))

    sweep()

    assert Incident.objects.count() == 1
