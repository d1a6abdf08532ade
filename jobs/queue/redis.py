"""django-q2 with its broker on Redis, which forgets a message in the moment it is taken.

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
from .broker import PAUSE, WAIT, FreeWorkers, later_key, own_key

log = logging.getLogger(__name__)

TRANSACTIONAL = False


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5)


class Broker(Redis):  # type: ignore[misc]
    """As django-q2's own, in the order: own test messages, the rest, what was sent for `later`."""

    def __init__(self, list_key: str | None = None, free: FreeWorkers | None = None) -> None:
        super().__init__(list_key)
        self.free = free
        self.down = False
        supervisor = os.environ.get("EVALUATOR_SUPERVISOR")
        own = [_list(own_key(supervisor))] if supervisor else []
        self.lists = [*own, self.list_key, _list(later_key())]

    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        return _client()

    def ping(self) -> bool:
        return True  # a cluster that starts during an outage waits for its end, as one that runs

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Nobody reads them; `Heartbeat` tells who is there."""

    def dequeue(self) -> list[tuple[None, bytes]] | None:
        """The next message; None when there is none, after a wait."""
        if self.free is not None and not self.free.wait(WAIT):
            return None
        try:
            found = self.connection.blpop(self.lists, WAIT)
        except redis.RedisError as error:
            # Raised further it would end the pusher, for ten seconds.
            if not self.down:
                log.warning("the queue cannot be read: %s", type(error).__name__)
            self.down = True
            sleep(PAUSE)
            return None
        self.down = False
        if not found:
            return None
        if self.free is not None:
            self.free.take()
        return [(None, found[1])]

    def fail(self, task_id: None) -> None:
        """A message that nobody can read is gone already; no worker gets it, so one stays free."""
        if self.free is not None:
            self.free.add()


def _list(key: str) -> str:
    return f"django_q:{key}:q"  # as django-q2's broker names it


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise QueueDown(f"Redis does not answer ({type(error).__name__})") from error


def put(task: str, *ids: int, later: bool, first: bool = False) -> None:
    with _answers():
        cluster.put(task, *ids, key=later_key() if later else Conf.PREFIX)


def waits() -> bool:
    with _answers():
        return bool(_client().exists(_list(Conf.PREFIX), _list(later_key())))


def put_canary(supervisor: int) -> None:
    key = own_key(supervisor)
    with _answers():
        _client().delete(_list(key))
        cluster.put("canary", supervisor, key=key)


def is_canary_done(supervisor: int) -> bool:
    with _answers():
        return not _client().exists(_list(own_key(supervisor)))


def give_back(but: Iterable[int]) -> int:
    return 0  # what was taken is nowhere any more


def run_workers() -> int:
    free = FreeWorkers(Conf.WORKERS)
    free.hear()
    return cluster.run(Broker(Conf.PREFIX, free))
