"""django-q2 with its broker on Redis, which forgets a message at the moment when it is taken.

What a dead cluster had in hand is therefore lost, and the sweep sends it again.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from time import sleep

import redis
from django.conf import settings
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf

from . import QueueDown, cluster
from .broker import OUTAGE_PAUSE_SECONDS, STOP_CHECK_SECONDS, FreeWorkers, later_key, own_key

log = logging.getLogger(__name__)

TRANSACTIONAL = False


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5)


class RedisBroker(Redis):  # type: ignore[misc]
    """As django-q2's own, in the order: own test messages, the rest, what was sent for `later`."""

    def __init__(
        self, list_key: str | None = None, free_workers: FreeWorkers | None = None
    ) -> None:
        super().__init__(list_key)
        self.free_workers = free_workers
        self.is_down = False
        supervisor = os.environ.get("EVALUATOR_SUPERVISOR")
        own = [_list(own_key(supervisor))] if supervisor else []
        self.lists = [*own, self.list_key, _list(later_key())]

    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        return _client()

    def ping(self) -> bool:
        return True  # a cluster that starts during an outage waits for its end, as one that runs

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Nothing reads them; `Heartbeat` says which hosts are there."""

    def dequeue(self) -> list[tuple[None, bytes]] | None:
        """The next message; None when there is none, after a wait."""
        if self.free_workers is not None and not self.free_workers.wait(STOP_CHECK_SECONDS):
            return None
        try:
            message = self.connection.blpop(self.lists, STOP_CHECK_SECONDS)
        except redis.RedisError as error:
            # Raised further it would end the pusher, for ten seconds.
            if not self.is_down:
                log.warning("the queue cannot be read: %s", type(error).__name__)
            self.is_down = True
            sleep(OUTAGE_PAUSE_SECONDS)
            return None
        self.is_down = False
        if not message:
            return None
        if self.free_workers is not None:
            self.free_workers.take()
        return [(None, message[1])]

    def fail(self, task_id: None) -> None:
        """A message that cannot be read is gone already; no worker gets it, so one stays free."""
        if self.free_workers is not None:
            self.free_workers.add()


def _list(key: str) -> str:
    return f"django_q:{key}:q"  # as django-q2's broker names it


@contextmanager
def _queue_errors() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise QueueDown(f"Redis does not answer ({type(error).__name__})") from error


def put(task: str, *ids: int, later: bool, first: bool = False) -> None:
    with _queue_errors():
        cluster.put(task, *ids, key=later_key() if later else Conf.PREFIX)


def has_waiting_messages() -> bool:
    with _queue_errors():
        return bool(_client().exists(_list(Conf.PREFIX), _list(later_key())))


def put_canary(supervisor: int) -> None:
    key = own_key(supervisor)
    with _queue_errors():
        _client().delete(_list(key))
        cluster.put("canary", supervisor, key=key)


def is_canary_done(supervisor: int) -> bool:
    with _queue_errors():
        return not _client().exists(_list(own_key(supervisor)))


def requeue_held(except_supervisors: Iterable[int]) -> int:
    return 0  # what was taken is nowhere any more


def run_workers() -> int:
    free_workers = FreeWorkers(Conf.WORKERS)
    free_workers.connect_signals()
    return cluster.run(RedisBroker(Conf.PREFIX, free_workers))
