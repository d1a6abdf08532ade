"""django-q2's broker on PostgreSQL, with rows that are locked while they are taken.

Beside the shared queue each supervisor has one of its own, for test messages that must come through
its own cluster and no other.
"""

import logging
import os
from time import sleep

from django.db import Error, transaction
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

log = logging.getLogger(__name__)


def own_key(supervisor: str | int) -> str:
    """The queue of one supervisor's cluster."""
    return f"{Conf.PREFIX}:{supervisor}"


class Broker(ORM):  # type: ignore[misc]
    """As django-q2's own, but two pushers never take the same row, and none dies of an outage."""

    def dequeue(self) -> list[tuple[int, str]] | None:
        try:
            taken = self._take()
        except Error as error:
            # Raised further it would end the pusher, for ten seconds.
            log.warning("the queue cannot be read: %s", type(error).__name__)
            sleep(1)
            return None
        if not taken:
            sleep(Conf.POLL)
        return taken or None

    def _take(self) -> list[tuple[int, str]]:
        keys = [self.list_key]
        if supervisor := os.environ.get("EVALUATOR_SUPERVISOR"):
            keys.append(own_key(supervisor))
        self.get_connection()  # closes a connection that is of no use any more
        with transaction.atomic():
            rows = OrmQ.objects.filter(key__in=keys, lock__lt=Now())
            rows = rows.order_by("lock", "pk").select_for_update(skip_locked=True)[: Conf.BULK]
            taken = [(row.pk, row.payload) for row in rows]
            if taken:
                ids = [pk for pk, _ in taken]
                OrmQ.objects.filter(pk__in=ids).update(lock=self.timeout(None))
        return taken
