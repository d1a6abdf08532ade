"""The one seam between the work and the queue that wakes it.

The queue carries ids and nothing else: what is to be done, and whether it still needs to be, stands
in the program's own rows. A message may be lost, doubled or late without harm. JOBS_ENGINE and
QUEUE_BROKER say which queue it is; nothing outside of this module, and of those that it names,
depends on the answer.
"""

import logging
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

BACKENDS = {
    ("django-q2", "postgres"): "jobs.queue.postgres",
    ("django-q2", "stock"): "jobs.queue.stock",
    ("django-q2", "redis"): "jobs.queue.redis",
    ("celery", ""): "jobs.workers.celery",
}


class QueueDown(Exception):
    """The queue, where it is not the database, does not answer."""


class QueueBackend(Protocol):
    """What a queue has to offer. Each may raise QueueDown."""

    TRANSACTIONAL: bool  # a message is part of the caller's transaction

    def put(self, task: str, *ids: int, later: bool, first: bool) -> None:
        """Queue `jobs.tasks.<task>`; with `later` behind what is not, and with `first`, where the
        queue can do that, before all."""

    def has_waiting_messages(self) -> bool:
        """Whether a message waits for a free worker."""

    def put_canary(self, supervisor: int) -> None:
        """Send the test message of this supervisor's workers, in place of any that is left."""

    def is_canary_done(self, supervisor: int) -> bool:
        """Whether the queue has nothing left to do with that message, as far as it can tell."""

    def requeue_held(self, except_supervisors: Iterable[int]) -> int:
        """Requeue the messages that workers have in hand, except those of these supervisors."""

    def run_workers(self) -> int:
        """Be the first process of this host's workers, until SIGTERM; returns the exit code."""


def _backend() -> QueueBackend:
    broker = settings.QUEUE_BROKER if settings.JOBS_ENGINE == "django-q2" else ""
    return cast(QueueBackend, import_module(BACKENDS[settings.JOBS_ENGINE, broker]))


def send(task: str, *ids: int, later: bool = False, first: bool = False) -> None:
    """Queue `jobs.tasks.<task>` in the caller's transaction; with `later` behind what is not, with
    `first` before all.

    A queue outside of the database gets the message when the transaction is committed. Should it
    not answer then, the sweep sends the message again.
    """
    backend = _backend()
    if backend.TRANSACTIONAL:
        backend.put(task, *ids, later=later, first=first)
    else:
        transaction.on_commit(partial(_put_if_up, task, *ids, later=later, first=first))


def _put_if_up(task: str, *ids: int, later: bool, first: bool) -> None:
    try:
        _backend().put(task, *ids, later=later, first=first)
    except QueueDown as error:
        log.warning("%s %s will be sent by the sweep: %s", task, ids, error)


def has_waiting_messages() -> bool:
    """Whether a message waits for a free worker; False when the queue does not answer."""
    try:
        return _backend().has_waiting_messages()
    except QueueDown:
        return False


def is_empty() -> bool:
    """Whether it is sure that no message waits for a worker; some may be in workers' hands."""
    try:
        return not _backend().has_waiting_messages()
    except QueueDown:
        return False


def probe() -> None:
    """Ask the queue for an answer. Raises QueueDown when there is none."""
    _backend().has_waiting_messages()


def put_canary(supervisor: int) -> None:
    """Send a test message that only this supervisor's workers get, where the queue can do that."""
    _backend().put_canary(supervisor)


def is_canary_done(supervisor: int) -> bool:
    """Whether the test message was taken and, where the queue knows that, acknowledged."""
    return _backend().is_canary_done(supervisor)


def requeue_held(*, except_supervisors: Iterable[int]) -> int:
    """Requeue the messages that workers have in hand, except those of these supervisors.

    Returns how many.
    """
    return _backend().requeue_held(except_supervisors)


def run_workers() -> int:
    """Be the first process of this host's workers, until SIGTERM; returns the exit code."""
    return _backend().run_workers()
