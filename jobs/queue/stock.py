"""django-q2 with its own broker on the database, as it comes.

It knows one queue and no order: `later` changes nothing, and any host's workers may take the test
message, which therefore shows only that some host works.
"""

from collections.abc import Iterable

from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.models import OrmQ

from . import cluster

TRANSACTIONAL = True


def put(task: str, *ids: int, later: bool, first: bool = False) -> None:
    cluster.put(task, *ids, key=Conf.PREFIX)


def has_waiting_messages() -> bool:
    return bool(OrmQ.objects.filter(key=Conf.PREFIX, lock__lte=Now()).exists())


def put_canary(supervisor: int) -> None:
    put("canary", supervisor, later=False)


def is_canary_done(supervisor: int) -> bool:
    return True  # the queue cannot tell; what the message does shows it


def requeue_held(except_supervisors: Iterable[int]) -> int:
    return 0  # the queue does not know who has a message; it comes again when its time runs out


def run_workers() -> int:
    return cluster.run(None)
