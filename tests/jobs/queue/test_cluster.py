"""What died leaves a row, for a week."""

import inspect
import logging
import re
from datetime import timedelta

import django_q.cluster
import pytest
from django.db import IntegrityError
from django.db.models.functions import Now

from candidates.facts.reason import IncidentCode, Reason
from jobs.models.worker import INCIDENTS_KEPT, Incident, IncidentKind
from jobs.queue.cluster import REINCARNATED_CODES, IncidentLogHandler, incident_reason
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
    assert row.reason == Reason(IncidentCode.PUSHER_DIED)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("reincarnated worker Process-1:2 after death", IncidentCode.WORKER_DIED),
        ("reincarnated worker Process-1:2 after timeout", IncidentCode.WORKER_TIMED_OUT),
        (
            "reincarnated worker Process-1:2 after timeout while processing task a.b",
            IncidentCode.WORKER_TIMED_OUT,
        ),
        ("reincarnated pusher Process-1:2 after sudden death", IncidentCode.PUSHER_DIED),
        ("reincarnated monitor Process-1:2 after sudden death", IncidentCode.MONITOR_DIED),
        ("something else", IncidentCode.PROCESS_DIED),
    ],
)
def test_a_message_tells_what_died(message: str, code: IncidentCode) -> None:
    assert incident_reason(message) == Reason(code)


def test_each_death_that_django_q2_logs_is_known_by_its_message() -> None:
    messages = re.findall(r'"(reincarnated [^"]+)"', inspect.getsource(django_q.cluster))

    codes = {incident_reason(message).code for message in messages}
    assert codes == set(REINCARNATED_CODES.values())


def test_the_database_refuses_an_incident_without_a_known_code(db: None) -> None:
    with pytest.raises(IntegrityError, match="incident_reason_code_listed"):
        Incident.objects.create(
            host="one", heartbeat=1, kind=IncidentKind.PROCESS, reason_code="it ended"
        )


def test_a_restart_of_the_workers_is_written_down_with_its_reason(db: None) -> None:
    watchdog = Watchdog(workers=2)
    watchdog.register()
    reason = Reason(IncidentCode.CLUSTER_ENDED, {"exit_code": -9})
    watchdog.record_restart(reason)

    row = Incident.objects.get()
    assert (row.heartbeat, row.kind, row.reason) == (watchdog.pk, IncidentKind.WORKERS, reason)
    watchdog.heartbeat.refresh_from_db()
    assert watchdog.heartbeat.restarts == 1


def test_the_sweep_forgets_what_is_old(db: None) -> None:
    for age in (INCIDENTS_KEPT, INCIDENTS_KEPT - timedelta(hours=1)):
        row = Incident.objects.create(
            host="one", heartbeat=1, kind=IncidentKind.PROCESS, reason_code="worker_died"
        )
        Incident.objects.filter(pk=row.pk).update(occurred_at=Now() - age - timedelta(seconds=1))

    sweep()

    assert Incident.objects.count() == 1
