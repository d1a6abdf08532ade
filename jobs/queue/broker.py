"""django-q2's broker on PostgreSQL: messages in a stated order, taken without waiting or polling.

The order: test messages of one's own cluster, what one's cluster kept for too long, what was sent
to be `first`, then the rest by age; but what was sent for `later` makes room for all that is sent
in the minute after it.

A message is taken only for a worker that is free, so none lies in the hands of a busy cluster while
another has nothing to do. Only while work is so short that fetching it would take longer than doing
it are several taken at a time, and what is not started at once is put back.

Beside the shared queue each supervisor has one of its own, for test messages that must come through
its own cluster and no other; and a mark for messages that its cluster has taken, so that they can
be given back when that cluster is gone, long before their time runs out.
"""

import logging
import os
import select
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing import BoundedSemaphore
from time import monotonic, sleep
from typing import Any, NamedTuple

import psycopg
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signals import post_execute_in_worker, post_spawn

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between tries while the database does not answer
WAIT = 0.25  # seconds before the pusher looks whether it shall stop
LOOK = 5.0  # seconds between looks when nothing is announced
STALL = 0.05  # seconds after which what no worker has started is put back
HIDDEN = timedelta(seconds=Conf.RETRY)  # what was taken and not acknowledged
MOST = 16  # messages taken at a time while work is that short
ALWAYS_FREE = datetime.fromtimestamp(0, UTC)  # before all others of its kind

PUT = """
WITH message AS (
    INSERT INTO django_q_ormq (key, payload, lock)
    VALUES (%(key)s, %(payload)s, STATEMENT_TIMESTAMP()) RETURNING id
)
SELECT id, pg_notify(%(channel)s, %(key)s) FROM message"""
# Each part is looked at only when those before it are empty. Its order is that of the index.
PART = """
SELECT {turn} AS turn, part.* FROM (
    SELECT id, key, lock FROM django_q_ormq WHERE key = %({key})s AND lock <= {until}
    ORDER BY lock, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
) AS part"""
NOW = "STATEMENT_TIMESTAMP()"
A_MINUTE_BEFORE_THE_REST = """COALESCE((
    SELECT lock FROM django_q_ormq WHERE key = %(rest)s ORDER BY lock LIMIT 1
), STATEMENT_TIMESTAMP()) - INTERVAL '1 minute'"""
PARTS = (
    ("own", NOW),
    ("kept", NOW),
    ("first", NOW),
    ("later", A_MINUTE_BEFORE_THE_REST),
    ("rest", NOW),
    ("later", NOW),
)
TAKE = f"""
WITH next AS (
    {
    " UNION ALL ".join(
        PART.format(turn=turn, key=key, until=until) for turn, (key, until) in enumerate(PARTS)
    )
} LIMIT %(most)s
)
UPDATE django_q_ormq AS message
SET lock = STATEMENT_TIMESTAMP() + %(hidden)s,
    key = CASE WHEN message.key = %(own)s THEN message.key ELSE %(mark)s END
FROM next WHERE message.id = next.id
RETURNING next.turn, next.lock, message.id, message.payload, next.key"""  # noqa: S608
NEXT = """
SELECT EXTRACT(epoch FROM MIN(lock) - STATEMENT_TIMESTAMP())::float8 FROM django_q_ormq
WHERE key = ANY(%(keys)s) AND lock > STATEMENT_TIMESTAMP()"""
PUT_BACK = """
WITH back AS (
    UPDATE django_q_ormq AS message SET key = was.key, lock = was.lock
    FROM UNNEST(%(ids)s::bigint[], %(keys)s::text[], %(locks)s::timestamptz[])
        AS was (id, key, lock)
    WHERE message.id = was.id AND message.key = ANY(%(held)s) RETURNING message.id
)
SELECT pg_notify(%(channel)s, %(channel)s) FROM back"""
DONE = "DELETE FROM django_q_ormq WHERE id = ANY(%(ids)s)"
# Statistics of a table that is empty most of the time would make a scan of all of it look cheap.
# Its plans stay right whatever is asked for: they are made once.
SET_UP = """
SET synchronous_commit = off; SET enable_seqscan = off; SET enable_bitmapscan = off;
SET plan_cache_mode = force_generic_plan"""


class Message(NamedTuple):
    """One that was taken, with its place in the queue; they sort in the order of the queue."""

    turn: int
    lock: datetime
    pk: int
    payload: str
    key: str


def later_key(queue: str = Conf.PREFIX) -> str:
    """The queue of what makes room for everything else."""
    return f"{queue}-later"


def first_key(queue: str = Conf.PREFIX) -> str:
    """The queue of what goes before everything else."""
    return f"{queue}-first"


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
    returned = int(lost.update(key=Conf.PREFIX, lock=ALWAYS_FREE))
    if returned:
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [Conf.PREFIX, Conf.PREFIX])
    return returned


class FreeWorkers:
    """How many of a cluster's workers have nothing to do, counted by the workers themselves.

    To be made before the cluster forks. A worker that is killed at work is replaced, and its
    successor counts itself; the bound keeps one that was killed idle from being counted twice for
    longer than until all are idle.
    """

    def __init__(self, workers: int) -> None:
        self.count = BoundedSemaphore(workers)
        for _ in range(workers):  # none has started yet
            self.count.acquire()

    def hear(self) -> None:
        """Be told by django-q2 when a worker starts, and when it is done with a message."""
        post_spawn.connect(self.add)
        post_execute_in_worker.connect(self.add)

    def add(self, **_: Any) -> None:
        with suppress(ValueError):  # at its bound
            self.count.release()

    def wait(self, seconds: float) -> bool:
        """Whether one is free, or gets free in so many seconds."""
        found = self.count.acquire(timeout=seconds)
        if found:
            self.add()  # a pusher that dies now must not take it along
        return found

    def take(self) -> None:
        self.count.acquire(block=False)


class Broker(ORM):  # type: ignore[misc]
    """As django-q2's own, but two pushers never take the same row, and none dies of an outage.

    Messages are put into the queue in the caller's transaction. Taken and acknowledged they are on
    a connection of the broker's own, whose commits are not waited for until they are on the disk:
    after a power cut a message may come again, without harm. Times are the database's: hosts need
    not agree on the time.
    """

    def __init__(self, list_key: str | None = None, free: FreeWorkers | None = None) -> None:
        super().__init__(list_key)
        self.free = free
        self.line: BaseDatabaseWrapper | None = None
        self.listens = False
        self.down = False
        self.heard = False  # that there is a new message
        self.look_at = 0.0  # when to look though nothing was heard
        self.took_at = 0.0
        self.most = 1
        self.taken: deque[Message] = deque()
        self.done: list[int] = []  # and not yet acknowledged
        supervisor = os.environ.get("EVALUATOR_SUPERVISOR")
        self.names = {
            "own": own_key(supervisor) if supervisor else "",
            "kept": taken_key(supervisor) if supervisor else "",
            "mark": taken_key(supervisor) if supervisor else self.list_key,
            "first": first_key(self.list_key),
            "rest": self.list_key,
            "later": later_key(self.list_key),
        }

    @staticmethod
    def get_connection(list_key: str | None = None) -> Any:
        return OrmQ.objects.using(Conf.ORM)

    def enqueue(self, task: str) -> int:
        """Put the message in the queue, in the caller's transaction; returns its row's id."""
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(PUT, {"key": self.list_key, "payload": task, "channel": Conf.PREFIX})
            return int(cursor.fetchone()[0])

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next message as (row id, payload); None when there is none, after a wait."""
        try:
            return self._next()
        except (Error, psycopg.Error) as error:
            # Raised further it would end the pusher, for ten seconds.
            if not self.down:
                log.warning("the queue cannot be read: %s", type(error).__name__)
            self.down = True
            self.close()
            sleep(PAUSE)
            return None

    def _next(self) -> list[tuple[int, str]] | None:
        if self.free is not None and not self.free.wait(STALL if self.taken else WAIT):
            self._put_back()
            return None
        if not self.taken:
            self._take()
        if not self.taken:
            return None
        if self.free is not None:
            self.free.take()
        message = self.taken.popleft()
        return [(message.pk, message.payload)]

    def _take(self) -> None:
        line = self._line()
        if not self.listens:
            line.execute(f'LISTEN "{Conf.PREFIX}"')
            self.listens, self.look_at = True, 0.0
        if not self._is_time():
            return
        self.heard = False
        is_quick = self.free is not None and monotonic() - self.took_at < STALL
        self.most = min(2 * self.most, MOST) if is_quick else 1
        line.execute(TAKE, {**self.names, "most": self.most, "hidden": HIDDEN}, prepare=True)
        self.down = False
        self.taken.extend(sorted(Message(*row) for row in line))
        if self.taken:
            self.took_at, self.look_at = monotonic(), 0.0
        elif not self.heard:
            line.execute(NEXT, {"keys": list(self.names.values())}, prepare=True)
            seconds = (line.fetchone() or (None,))[0]
            self.look_at = monotonic() + (LOOK if seconds is None else min(seconds, LOOK))

    def _is_time(self) -> bool:
        """Wait a while for an announcement, or for a lock to run out, or for trouble."""
        seconds = self.look_at - monotonic()
        if self.heard or seconds <= 0 or self.line is None:
            return True
        server = self.line.connection.pgconn
        if select.select([server.socket], [], [], min(seconds, WAIT))[0]:
            server.consume_input()
            notes = list(iter(server.notifies, None))
            for note in notes:
                self._hear(note.extra.decode())
            self.heard = self.heard or not notes  # the last words of a connection that was cut
        return self.heard or monotonic() >= self.look_at

    def _put_back(self) -> None:
        """Work is not as short as it was: leave to others what was taken for speed."""
        if self.taken:
            were = {
                "held": [self.names["own"], self.names["mark"]],
                "ids": [message.pk for message in self.taken],
                "keys": [message.key for message in self.taken],
                "locks": [message.lock for message in self.taken],
            }
            self._line().execute(PUT_BACK, {**were, "channel": Conf.PREFIX})
            self.taken.clear()

    def acknowledge(self, task_id: int) -> None:
        """Remove the message; while the database does not answer, with one of the next."""
        self.done.append(task_id)
        for last in (False, True):
            try:
                self._line().execute(DONE, {"ids": self.done}, prepare=True)
                self.done.clear()
                return
            except (Error, psycopg.Error) as error:
                self.close()  # it may have been cut while nothing was to be said
                if last:
                    why = type(error).__name__
                    log.warning("the queue cannot be told what is done: %s", why)

    def fail(self, task_id: int) -> None:
        """Remove a message that nobody can read; no worker gets it, so one stays free."""
        if self.free is not None:
            self.free.add()
        self.acknowledge(task_id)

    def _line(self) -> "psycopg.Cursor[Any]":
        if self.line is None:
            line = connections[Conf.ORM].copy()
            line.ensure_connection()
            line.connection.add_notify_handler(lambda note: self._hear(note.payload))
            line.connection.execute(SET_UP)
            self.line = line
        return psycopg.Cursor(self.line.connection)

    def _hear(self, key: str) -> None:
        self.heard = self.heard or key in self.names.values()

    def close(self) -> None:
        """Let go of the queue's own connection."""
        if self.line is not None:
            with suppress(Error, psycopg.Error):
                self.line.close()
        self.line, self.listens = None, False
