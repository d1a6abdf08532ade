"""What all of django-q2's brokers have in common."""

import logging
import socket

from django_q.brokers import Broker
from django_q.cluster import Cluster
from django_q.tasks import async_task

from jobs import incidents


def put(task: str, *ids: int, key: str) -> None:
    async_task(f"jobs.tasks.{task}", *ids, cluster=key)


def run(broker: Broker | None) -> int:
    """Run a cluster until SIGTERM; the exit code is 0 when its end was asked for."""
    logging.getLogger("django-q").addHandler(incidents.Listener(socket.gethostname()))
    cluster = Cluster(broker)
    cluster.start()
    cluster.sentinel.join()
    return 0 if cluster.sentinel.exitcode == 0 else 1
