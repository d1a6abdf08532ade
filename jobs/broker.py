"""django-q2's broker on PostgreSQL, with rows that are locked while they are taken.

Beside the shared queue each supervisor has one of its own, for test messages that must come through
its own cluster and no other; and a mark for messages that its cluster has taken, so that they can
be given back when that cluster is gone, long before their time runs out.
"""

import logging
import os
from collections.abc import Iterable
from datetime import timedelta
from time import sleep
from typing import Any

from django.db import Error, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between tries while the database does not answer


def own_key(supervisor: str | int) -> str:
    """The queue of one supervisor's cluster."""
    return f"{Conf.PREFIX}:{supervisor}"


def taken_key(supervisor: str | int) -> str:
    """What marks messages in the hands of one supervisor's cluster."""
    return f"{Conf.PREFIX}/{supervisor}"


def give_back(*, but: Iterable[int]) -> int:
    """Return to the shared queue what clusters have in hand, `but` those of these supervisors.

    Returns how many messages. One that is being worked on may so come twice, without harm. Test
    messages of such a cluster are of use to nobody and are deleted.
    """
    queue, kept = OrmQ.objects.using(Conf.ORM), list(but)
    tests = queue.filter(key__startswith=own_key(""))
    tests.exclude(key__in=[own_key(supervisor) for supervisor in kept]).delete()
    taken = queue.filter(key__startswith=taken_key(""))
    lost = taken.exclude(key__in=[taken_key(supervisor) for supervisor in kept])
    return int(lost.update(key=Conf.PREFIX, lock=Now()))


class Broker(ORM):  # type: ignore[misc]
    """As django-q2's own, but two pushers never take the same row, and none dies of an outage.

    Messages of the supervisor's own queue come first, so that a test message is not held up by a
    long queue; then the oldest. Times are the database's: hosts need not agree on the time.
    """

    down = False

    def enqueue(self, task: str) -> int:
        """Put the message in the queue, in the caller's transaction; returns its row's id."""
        self.get_connection()  # closes a connection that is of no use any more
        row = OrmQ.objects.using(Conf.ORM).create(key=self.list_key, payload=task, lock=Now())
        return int(row.pk)

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Up to `bulk` messages as (row id, payload); None, after a pause, when there are none."""
        try:
            taken = self._take()
        except Error as error:
            # Raised further it would end the pusher, for ten seconds.
            if not self.down:
                log.warning("the queue cannot be read: %s", type(error).__name__)
            self.down = True
            sleep(PAUSE)
            return None
        self.down = False
        if not taken:
            sleep(Conf.POLL)
        return taken or None

    def _take(self) -> list[tuple[int, str]]:
        keys, own, taken = [self.list_key], "", self.list_key
        if supervisor := os.environ.get("EVALUATOR_SUPERVISOR"):
            own, taken = own_key(supervisor), taken_key(supervisor)
            keys += [own, taken]
        self.get_connection()
        queue = OrmQ.objects.using(Conf.ORM)
        with transaction.atomic(using=Conf.ORM):
            rows = list(
                queue.filter(key__in=keys, lock__lte=Now())
                .order_by(Case(When(key=own, then=Value(0)), default=Value(1)), "pk")
                .select_for_update(skip_locked=True)[: Conf.BULK]
            )
            if rows:
                queue.filter(pk__in=[row.pk for row in rows]).update(
                    lock=self.timeout(None),
                    key=Case(When(key=self.list_key, then=Value(taken)), default=F("key")),
                )
        return [(row.pk, row.payload) for row in rows]

    def timeout(self, task: Any) -> Any:
        """Until when a message that was taken and not acknowledged stays hidden."""
        return Now() + timedelta(seconds=Conf.RETRY)
