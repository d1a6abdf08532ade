"""django-q2's broker on PostgreSQL: messages in a stated order, taken without waiting or polling.

The order: test messages of the own cluster, what that cluster held for too long, what was sent with
`first`, then the rest by age; but what was sent for `later` makes room for all that is sent in the
minute after it.

A message is taken only for a worker that is free, so that none lies in the hands of a busy cluster
while another is idle. Only while work is so short that fetching it would take longer than doing it
are several taken at a time, and what is not started at once is put back.

Beside the shared queue each supervisor has one of its own, for test messages that must come through
its own cluster and no other; and a mark for messages that its cluster has taken, so that they can
be requeued when that cluster is gone, long before their time runs out.
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

OUTAGE_PAUSE_SECONDS = 1.0  # between tries while the database does not answer
STOP_CHECK_SECONDS = 0.25  # after which the pusher checks whether it is to stop
POLL_SECONDS = 5.0  # between looks at the table when nothing is announced
STALL_SECONDS = 0.05  # after which what no worker has started is put back
HIDDEN_FOR = timedelta(seconds=Conf.RETRY)  # what was taken and not acknowledged
MAX_TAKEN = 16  # messages at a time, while work is that short
OLDEST_LOCK = datetime.fromtimestamp(0, UTC)  # before all others of its kind

ENQUEUE_SQL = """
WITH message AS (
    INSERT INTO django_q_ormq (key, payload, lock)
    VALUES (%(key)s, %(payload)s, STATEMENT_TIMESTAMP()) RETURNING id
)
SELECT id, pg_notify(%(channel)s, %(key)s) FROM message"""
# Each part is read only when those before it are empty. Its order is that of the index.
QUEUE_PART_SQL = """
SELECT {turn} AS turn, part.* FROM (
    SELECT id, key, lock FROM django_q_ormq WHERE key = %({key})s AND lock <= {until}
    ORDER BY lock, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS part"""
NOW = "STATEMENT_TIMESTAMP()"
MINUTE_BEFORE_OTHERS_SQL = """COALESCE((
    SELECT lock FROM django_q_ormq WHERE key = %(rest)s ORDER BY lock LIMIT 1
), STATEMENT_TIMESTAMP()) - INTERVAL '1 minute'"""
QUEUE_PARTS = (
    ("own", NOW),
    ("held", NOW),
    ("first", NOW),
    ("later", MINUTE_BEFORE_OTHERS_SQL),
    ("rest", NOW),
    ("later", NOW),
)
TAKE_SQL = f"""
WITH next AS (
    {
    " UNION ALL ".join(
        QUEUE_PART_SQL.format(turn=turn, key=key, until=until)
        for turn, (key, until) in enumerate(QUEUE_PARTS)
    )
} LIMIT %(limit)s
)
UPDATE django_q_ormq AS message
SET lock = STATEMENT_TIMESTAMP() + %(hidden)s,
    key = CASE WHEN message.key = %(own)s THEN message.key ELSE %(mark)s END
FROM next WHERE message.id = next.id
RETURNING next.turn, next.lock, message.id, message.payload, next.key"""  # noqa: S608
NEXT_DUE_SQL = """
SELECT EXTRACT(epoch FROM MIN(lock) - STATEMENT_TIMESTAMP())::float8 FROM django_q_ormq
WHERE key = ANY(%(keys)s) AND lock > STATEMENT_TIMESTAMP()"""
PUT_BACK = """
WITH back AS (
    UPDATE django_q_ormq AS message SET key = was.key, lock = was.lock
    FROM UNNEST(%(ids)s::bigint[], %(keys)s::text[], %(locks)s::timestamptz[])
        AS was (id, key, lock)
    WHERE message.id = was.id AND message.key = ANY(%(taken)s) RETURNING message.id
)
SELECT pg_notify(%(channel)s, %(channel)s) FROM back"""
DELETE_SQL = "DELETE FROM django_q_ormq WHERE id = ANY(%(ids)s)"
# Statistics of a table that is empty most of the time would make a scan of all of it look cheap.
# Its plans stay right whatever is asked for: they are made once.
SET_UP = """
SET synchronous_commit = off; SET enable_seqscan = off; SET enable_bitmapscan = off;
SET plan_cache_mode = force_generic_plan"""


class Message(NamedTuple):
    """A message that was taken, with its place in the queue; they sort in the queue's order."""

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


def requeue_held(except_supervisors: Iterable[int]) -> int:
    """Return to the shared queue what clusters have in hand, except those of these supervisors.

    Returns how many messages. One that is being worked on may come twice by that, without harm.
    Test messages of such a cluster are of no use any more and are deleted.
    """
    queue, excepted = OrmQ.objects.using(Conf.ORM), list(except_supervisors)
    tests = queue.filter(key__startswith=own_key(""))
    tests.exclude(key__in=[own_key(supervisor) for supervisor in excepted]).delete()
    taken = queue.filter(key__startswith=taken_key(""))
    lost = taken.exclude(key__in=[taken_key(supervisor) for supervisor in excepted])
    returned = int(lost.update(key=Conf.PREFIX, lock=OLDEST_LOCK))
    if returned:
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [Conf.PREFIX, Conf.PREFIX])
    return returned


class FreeWorkers:
    """How many of a cluster's workers are idle, counted by the workers themselves.

    To be made before the cluster forks. A worker that is killed at work is replaced, and its
    successor counts itself; the bound keeps a worker that was killed while idle from being counted
    twice for longer than until all are idle.
    """

    def __init__(self, workers: int) -> None:
        self.count = BoundedSemaphore(workers)
        for _ in range(workers):  # none has started yet
            self.count.acquire()

    def connect_signals(self) -> None:
        """Count when django-q2 says that a worker starts, and that it is done with a message."""
        post_spawn.connect(self.add)
        post_execute_in_worker.connect(self.add)

    def add(self, **_: Any) -> None:
        with suppress(ValueError):  # at its bound
            self.count.release()

    def wait(self, seconds: float) -> bool:
        """Whether a worker is free, or gets free in so many seconds."""
        is_free = self.count.acquire(timeout=seconds)
        if is_free:
            self.add()  # a pusher that dies now must not take it along
        return is_free

    def take(self) -> None:
        self.count.acquire(block=False)


class PostgresBroker(ORM):  # type: ignore[misc]
    """As django-q2's own, but two pushers never take the same row, and none dies of an outage.

    Messages are put into the queue in the caller's transaction. They are taken and acknowledged on
    a connection of the broker's own, which does not wait until its commits are on the disk: after a
    power cut a message may come again, without harm. Times are the database's: hosts need not agree
    on the time.
    """

    def __init__(
        self, list_key: str | None = None, free_workers: FreeWorkers | None = None
    ) -> None:
        super().__init__(list_key)
        self.free_workers = free_workers
        self.line: BaseDatabaseWrapper | None = None
        self.listens = False
        self.is_down = False
        self.is_announced = False  # that there is a new message
        self.poll_at = 0.0  # when to look though nothing was announced
        self.took_at = 0.0
        self.limit = 1  # messages that are taken at a time
        self.taken: deque[Message] = deque()
        self.done: list[int] = []  # and not yet acknowledged
        supervisor = os.environ.get("EVALUATOR_SUPERVISOR")
        self.keys = {
            "own": own_key(supervisor) if supervisor else "",
            "held": taken_key(supervisor) if supervisor else "",
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
            cursor.execute(
                ENQUEUE_SQL, {"key": self.list_key, "payload": task, "channel": Conf.PREFIX}
            )
            return int(cursor.fetchone()[0])

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next message as (row id, payload); None when there is none, after a wait."""
        try:
            return self._next()
        except (Error, psycopg.Error) as error:
            # Raised further it would end the pusher, for ten seconds.
            if not self.is_down:
                log.warning("the queue cannot be read: %s", type(error).__name__)
            self.is_down = True
            self.close()
            sleep(OUTAGE_PAUSE_SECONDS)
            return None

    def _next(self) -> list[tuple[int, str]] | None:
        if self.free_workers is not None and not self.free_workers.wait(
            STALL_SECONDS if self.taken else STOP_CHECK_SECONDS
        ):
            self._put_back()
            return None
        if not self.taken:
            self._take()
        if not self.taken:
            return None
        if self.free_workers is not None:
            self.free_workers.take()
        message = self.taken.popleft()
        return [(message.pk, message.payload)]

    def _take(self) -> None:
        line = self._line()
        if not self.listens:
            line.execute(f'LISTEN "{Conf.PREFIX}"')
            self.listens, self.poll_at = True, 0.0
        if not self._wait_for_message():
            return
        self.is_announced = False
        is_quick = self.free_workers is not None and monotonic() - self.took_at < STALL_SECONDS
        self.limit = min(2 * self.limit, MAX_TAKEN) if is_quick else 1
        line.execute(
            TAKE_SQL, {**self.keys, "limit": self.limit, "hidden": HIDDEN_FOR}, prepare=True
        )
        self.is_down = False
        self.taken.extend(sorted(Message(*row) for row in line))
        if self.taken:
            self.took_at, self.poll_at = monotonic(), 0.0
        elif not self.is_announced:
            line.execute(NEXT_DUE_SQL, {"keys": list(self.keys.values())}, prepare=True)
            seconds = (line.fetchone() or (None,))[0]
            self.poll_at = monotonic() + (
                POLL_SECONDS if seconds is None else min(seconds, POLL_SECONDS)
            )

    def _wait_for_message(self) -> bool:
        """Wait a while; whether a message is announced, a lock has run out, or the line is cut."""
        seconds = self.poll_at - monotonic()
        if self.is_announced or seconds <= 0 or self.line is None:
            return True
        server = self.line.connection.pgconn
        if select.select([server.socket], [], [], min(seconds, STOP_CHECK_SECONDS))[0]:
            server.consume_input()
            notes = list(iter(server.notifies, None))
            for note in notes:
                self._note(note.extra.decode())
            # Readable without a notification: the connection was cut.
            self.is_announced = self.is_announced or not notes
        return self.is_announced or monotonic() >= self.poll_at

    def _put_back(self) -> None:
        """Work is not as short as it was: leave to other clusters what was taken for speed."""
        if self.taken:
            places = {
                "taken": [self.keys["own"], self.keys["mark"]],
                "ids": [message.pk for message in self.taken],
                "keys": [message.key for message in self.taken],
                "locks": [message.lock for message in self.taken],
            }
            self._line().execute(PUT_BACK, {**places, "channel": Conf.PREFIX})
            self.taken.clear()

    def acknowledge(self, task_id: int) -> None:
        """Remove the message; while the database does not answer, with one of the next."""
        self.done.append(task_id)
        for is_last_try in (False, True):
            try:
                self._line().execute(DELETE_SQL, {"ids": self.done}, prepare=True)
                self.done.clear()
                return
            except (Error, psycopg.Error) as error:
                self.close()  # it may have been cut while it was idle
                if is_last_try:
                    name = type(error).__name__
                    log.warning("what is done cannot be acknowledged: %s", name)

    def fail(self, task_id: int) -> None:
        """Remove a message that cannot be read; no worker gets it, so one stays free."""
        if self.free_workers is not None:
            self.free_workers.add()
        self.acknowledge(task_id)

    def _line(self) -> "psycopg.Cursor[Any]":
        if self.line is None:
            line = connections[Conf.ORM].copy()
            line.ensure_connection()
            line.connection.add_notify_handler(lambda note: self._note(note.payload))
            line.connection.execute(SET_UP)
            self.line = line
        return psycopg.Cursor(self.line.connection)

    def _note(self, key: str) -> None:
        self.is_announced = self.is_announced or key in self.keys.values()

    def close(self) -> None:
        """Close the queue's own connection."""
        if self.line is not None:
            with suppress(Error, psycopg.Error):
                self.line.close()
        self.line, self.listens = None, False
