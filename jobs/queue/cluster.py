"""What all of django-q2's brokers have in common."""

import logging
import os
import re
import socket

from django.db import Error, connection
from django_q.brokers import Broker
from django_q.cluster import Cluster
from django_q.tasks import async_task

from candidates.facts.reason import IncidentCode, Reason
from candidates.models.reason import columns
from jobs.models import Incident, IncidentKind

log = logging.getLogger(__name__)

# django-q2 tells a process's role and end only in this sentence, in the language of the settings.
REINCARNATED = re.compile(r"reincarnated (\w+) .*after (?:sudden )?(death|timeout)")
REINCARNATED_CODES = {
    ("worker", "death"): IncidentCode.WORKER_DIED,
    ("worker", "timeout"): IncidentCode.WORKER_TIMED_OUT,
    ("pusher", "death"): IncidentCode.PUSHER_DIED,
    ("monitor", "death"): IncidentCode.MONITOR_DIED,
}


def put(task: str, *ids: int, key: str) -> None:
    async_task(f"jobs.tasks.{task}", *ids, cluster=key)


def run(broker: Broker | None) -> int:
    """Run a cluster until SIGTERM; the exit code is 0 when its end was asked for."""
    logging.getLogger("django-q").addHandler(IncidentLogHandler(socket.gethostname()))
    cluster = Cluster(broker)
    cluster.start()
    cluster.sentinel.join()
    return 0 if cluster.sentinel.exitcode == 0 else 1


def incident_reason(message: str) -> Reason:
    """What died, as a critical message of django-q2 says it."""
    match = REINCARNATED.match(message)
    role_and_end = (match[1], match[2]) if match else ("", "")
    return Reason(REINCARNATED_CODES.get(role_and_end, IncidentCode.PROCESS_DIED))


class IncidentLogHandler(logging.Handler):
    """Records each death of a process that django-q2 logs.

    Those are its only critical messages; a worker that is recycled is no death. Runs in the process
    that watches the others, which has no open connection at that moment.
    """

    def __init__(self, host: str) -> None:
        super().__init__(logging.CRITICAL)
        self.host = host

    def emit(self, record: logging.LogRecord) -> None:
        supervisor = int(os.environ.get("EVALUATOR_SUPERVISOR", "0"))
        try:
            Incident.objects.create(
                host=self.host,
                heartbeat=supervisor,
                kind=IncidentKind.PROCESS,
                **columns("reason", incident_reason(record.getMessage())),
            )
        except Error:
            log.warning("a death could not be recorded: the database does not answer")
        finally:
            connection.close()
