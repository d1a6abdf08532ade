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


def waits() -> bool:
    keys = [broker.first_key(), Conf.PREFIX, broker.later_key()]
    return bool(OrmQ.objects.filter(key__in=keys, lock__lte=Now()).exists())


def put_canary(supervisor: int) -> None:
    key = broker.own_key(supervisor)
    OrmQ.objects.filter(key=key).delete()
    cluster.put("canary", supervisor, key=key)


def is_canary_done(supervisor: int) -> bool:
    return not OrmQ.objects.filter(key=broker.own_key(supervisor)).exists()


def give_back(but: Iterable[int]) -> int:
    return broker.give_back(but=but)


def run_workers() -> int:
    free = broker.FreeWorkers(Conf.WORKERS)
    free.hear()
    return cluster.run(broker.Broker(Conf.PREFIX, free))
