"""Celery, for those who already run it: the same task functions, woken by its workers.

`manage.py worker` runs a Celery worker as it runs a cluster of django-q2. A worker that somebody
else started (`celery -A evaluator worker`) shows that it is alive and sweeps by itself.
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
LATER = "evaluator-later"
ONCE_MORE = {"max_retries": 1, "interval_start": 0.2}

app = Celery("evaluator")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = QUEUE
app.conf.task_queues = [Queue(QUEUE), Queue(LATER)]


def _own_queue(supervisor: int | str) -> str:
    return f"{QUEUE}:{supervisor}"


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except (OperationalError, OSError, *app.connection_for_write().connection_errors) as error:
        raise QueueDown(f"Celery's broker does not answer ({type(error).__name__})") from error


def _send(task: str, ids: tuple[int, ...], queue: str) -> None:
    with _answers():
        app.send_task(
            f"jobs.tasks.{task}", ids, queue=queue, ignore_result=True, retry_policy=ONCE_MORE
        )


def put(task: str, *ids: int, later: bool, first: bool = False) -> None:
    _send(task, ids, LATER if later else QUEUE)


def waits() -> bool:
    with _answers(), app.pool.acquire(block=True) as connection:
        for queue in (QUEUE, LATER):
            try:
                told = connection.default_channel.queue_declare(queue=queue, passive=True)
            except connection.channel_errors:  # nothing was ever sent there
                continue
            if told.message_count:
                return True
    return False


def put_canary(supervisor: int) -> None:
    queue = _own_queue(supervisor)
    with _answers(), app.pool.acquire(block=True) as connection:
        Queue(queue, channel=connection.default_channel).declare()
        connection.default_channel.queue_purge(queue)
    _send("canary", (supervisor,), queue)


def is_canary_done(supervisor: int) -> bool:
    return True  # the queue cannot tell; what the message does, shows


def give_back(but: Iterable[int]) -> int:
    return 0  # what a lost worker had comes again by itself; until then, the sweep sees to it


def run_workers() -> int:
    supervisor = os.environ["EVALUATOR_SUPERVISOR"]
    return int(
        app.worker_main(
            [
                "worker",
                f"--concurrency={settings.Q_WORKERS}",
                f"--queues={_own_queue(supervisor)},{QUEUE},{LATER}",
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
    """Make our task functions known to the worker, each within the time that a task may take."""
    from jobs import tasks

    for name, function in getmembers(tasks, isfunction):
        app.task(_in_time(function), name=f"jobs.tasks.{name}")


def _in_time(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def run(*ids: int) -> None:
        try:
            with TimeoutHandler(settings.LANE_TIMEOUT):
                function(*ids)
        except TimeoutException as error:  # as such it would end the worker's process
            raise TimeoutError(str(error)) from error

    return run


def _watch(instance: Any, **_: Any) -> None:
    """Do for a worker without a supervisor what does not need one."""
    if "EVALUATOR_SUPERVISOR" in os.environ:
        return
    from django.db import connections

    from .watchdog import Watch, WatchThread

    watch = Watch(instance.concurrency or os.cpu_count() or 1)
    watch.begin()
    connections.close_all()  # nothing of it may be inherited by the worker's processes
    os.environ["EVALUATOR_SUPERVISOR"] = str(watch.pk)
    queues = instance.app.amqp.queues
    queues.select([_own_queue(watch.pk), *queues.consume_from])
    thread = WatchThread(watch)
    signals.worker_ready.connect(lambda **_: thread.start(), weak=False)
    signals.worker_shutting_down.connect(lambda **_: thread.say_stopping(), weak=False)
    signals.worker_shutdown.connect(lambda **_: thread.end(), weak=False)


signals.import_modules.connect(_register)
signals.celeryd_after_setup.connect(_watch)
