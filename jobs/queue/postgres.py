"""django-q2 with our own broker: the queue is a table of the database."""

from collections.abc import Iterable

from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.models import OrmQ

from . import broker, cluster

TRANSACTIONAL = True


def put(task: str, *ids: int, later: bool, first: bool) -> None:
    key = broker.later_key() if later else broker.first_key() if first else Conf.PREFIX
    cluster.put(task, *ids, key=key)


def has_waiting_messages() -> bool:
    keys = [broker.first_key(), Conf.PREFIX, broker.later_key()]
    return bool(OrmQ.objects.filter(key__in=keys, lock__lte=Now()).exists())


def put_canary(supervisor: int) -> None:
    key = broker.own_key(supervisor)
    OrmQ.objects.filter(key=key).delete()
    cluster.put("canary", supervisor, key=key)


def is_canary_done(supervisor: int) -> bool:
    return not OrmQ.objects.filter(key=broker.own_key(supervisor)).exists()


def requeue_held(except_supervisors: Iterable[int]) -> int:
    return broker.requeue_held(except_supervisors)


def run_workers() -> int:
    free_workers = broker.FreeWorkers(Conf.WORKERS)
    free_workers.connect_signals()
    return cluster.run(broker.PostgresBroker(Conf.PREFIX, free_workers))
