"""Celery, where it is run already: the same task functions, woken by its workers.

`manage.py worker` runs a Celery worker as it runs a cluster of django-q2. A worker that was started
by hand (`celery -A evaluator worker`) shows that it is alive and sweeps by itself.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import getmembers, isfunction
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django_q.exceptions import TimeoutException
from django_q.timeout import TimeoutHandler
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from jobs.queue import QueueDown

TRANSACTIONAL = False
QUEUE = "evaluator"
LATER_QUEUE = "evaluator-later"
RETRY_POLICY = {"max_retries": 1, "interval_start": 0.2}

app = Celery("evaluator")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = QUEUE
app.conf.task_queues = [Queue(QUEUE), Queue(LATER_QUEUE)]


def _own_queue(supervisor: int | str) -> str:
    return f"{QUEUE}:{supervisor}"


@contextmanager
def _queue_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, OSError, *app.connection_for_write().connection_errors) as error:
        raise QueueDown(f"Celery's broker does not answer ({type(error).__name__})") from error


def _send(task: str, ids: tuple[int, ...], queue: str) -> None:
    with _queue_errors():
        app.send_task(
            f"jobs.tasks.{task}", ids, queue=queue, ignore_result=True, retry_policy=RETRY_POLICY
        )


def put(task: str, *ids: int, later: bool, first: bool = False) -> None:
    _send(task, ids, LATER_QUEUE if later else QUEUE)


def has_waiting_messages() -> bool:
    with _queue_errors(), app.pool.acquire(block=True) as connection:
        for queue in (QUEUE, LATER_QUEUE):
            try:
                declared = connection.default_channel.queue_declare(queue=queue, passive=True)
            except connection.channel_errors:  # nothing was ever sent there
                continue
            if declared.message_count:
                return True
    return False


def put_canary(supervisor: int) -> None:
    queue = _own_queue(supervisor)
    with _queue_errors(), app.pool.acquire(block=True) as connection:
        Queue(queue, channel=connection.default_channel).declare()
        connection.default_channel.queue_purge(queue)
    _send("canary", (supervisor,), queue)


def is_canary_done(supervisor: int) -> bool:
    return True  # the queue cannot tell; what the message does shows it


def requeue_held(except_supervisors: Iterable[int]) -> int:
    return 0  # what a lost worker had comes again by itself; the sweep does not wait for that


def run_workers() -> int:
    supervisor = os.environ["EVALUATOR_SUPERVISOR"]
    return int(
        app.worker_main(
            [
                "worker",
                f"--concurrency={settings.Q_WORKERS}",
                f"--queues={_own_queue(supervisor)},{QUEUE},{LATER_QUEUE}",
                f"--hostname=evaluator-{supervisor}@%h",
                "--loglevel=WARNING",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
        or 0
    )


def _register(**_: Any) -> None:
    """Register the task functions with the worker, each with the time that a task may take."""
    from jobs import tasks

    for name, function in getmembers(tasks, isfunction):
        app.task(_with_timeout(function), name=f"jobs.tasks.{name}")


def _with_timeout(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def run(*ids: int) -> None:
        try:
            with TimeoutHandler(settings.LANE_TIMEOUT):
                function(*ids)
        except TimeoutException as error:  # as such it would end the worker's process
            raise TimeoutError(str(error)) from error

    return run


def _start_watchdog(instance: Any, **_: Any) -> None:
    """Give a worker without a supervisor its sign of life, test messages and sweep."""
    if "EVALUATOR_SUPERVISOR" in os.environ:
        return
    from django.db import connections

    from .watchdog import Watchdog, WatchdogThread

    watchdog = Watchdog(instance.concurrency or os.cpu_count() or 1)
    watchdog.register()
    connections.close_all()  # nothing of it may be inherited by the worker's processes
    os.environ["EVALUATOR_SUPERVISOR"] = str(watchdog.pk)
    queues = instance.app.amqp.queues
    queues.select([_own_queue(watchdog.pk), *queues.consume_from])
    thread = WatchdogThread(watchdog)
    signals.worker_ready.connect(lambda **_: thread.start(), weak=False)
    signals.worker_shutting_down.connect(lambda **_: thread.announce_stop(), weak=False)
    signals.worker_shutdown.connect(lambda **_: thread.end(), weak=False)


signals.import_modules.connect(_register)
signals.celeryd_after_setup.connect(_start_watchdog)
