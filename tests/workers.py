"""Real workers for tests: `manage.py worker` on the test's own database, and all its processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection

from jobs.models import Heartbeat
from jobs.workers.processes import MANAGE, die_with_parent, stop_process

TERMINATE_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
)
TIMEOUT_SECONDS = 60.0  # seconds; the machine may be busy with other tests


def until(
    condition: Callable[[], object], description: str = "", patience: float = TIMEOUT_SECONDS
) -> None:
    """Wait for a condition; fail with its name when it does not come."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"no {description or condition} within {patience:.0f} s"
        time.sleep(0.05)


def environment(folder: Path) -> dict[str, str]:
    """What a process of the product needs to work on this test's database, beside our own.

    E-mails land in `folder / "mail"`. The test has to commit what the process shall see.
    """
    place = connection.get_connection_params()
    host = quote(str(place.get("host", "")), safe="")
    return {
        "DATABASE_URL": f"postgres://{place['user']}@{host}/{place['dbname']}",
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "evaluator.settings",
        "EMAIL_PROVIDER": "file",
        "EVALUATOR_VAR": str(folder),
        "SECRET_KEY": settings.SECRET_KEY,  # signs the queue's messages on both sides
    }


class Worker:
    """One `manage.py worker`; `process` is its supervisor."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log
        self.seen: dict[int, psutil.Process] = {}

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def heartbeat(self) -> Heartbeat:
        return Heartbeat.objects.get(pid=self.pid)

    def wait_until_alive(self) -> None:
        """Until a test message has come through, so that all processes are there."""

        def is_alive() -> bool:
            assert self.process.poll() is None, self.output
            return Heartbeat.objects.alive().filter(pid=self.pid).exists()

        until(is_alive, "the first test message")
        self.look()

    def wait_for_messages(self, number: int = 2) -> None:
        """Until so many test messages have come through; the first may have been under way."""
        for _ in range(number):
            before = self.heartbeat.canary_at
            until(lambda old=before: self.heartbeat.canary_at != old, "a test message")  # type: ignore[misc]
        self.look()

    def look(self) -> None:
        """Remember every process of the tree, for `left`."""
        with suppress(psutil.NoSuchProcess):
            supervisor = psutil.Process(self.pid)
            for each in (supervisor, *supervisor.children(recursive=True)):
                self.seen[each.pid] = each

    def left(self) -> list[psutil.Process]:
        """Of all processes seen so far, those that live; another's reuse of a number is noticed."""
        return alive(self.seen.values())

    @property
    def main(self) -> psutil.Process:
        """The cluster's first process."""
        (main,) = psutil.Process(self.pid).children()
        return main

    @property
    def sentinel(self) -> psutil.Process:
        return next(each for each in self.main.children() if each.children())

    def parts(self) -> tuple[list[psutil.Process], psutil.Process, psutil.Process]:
        """What a new sentinel started, told apart by the order: workers, monitor, pusher.

        Not to be asked once one of them has been replaced.
        """
        started = sorted(self.sentinel.children(), key=lambda each: (each.create_time(), each.pid))
        return started[:-2], started[-2], started[-1]

    def kill(self) -> None:
        """SIGKILL to every process of the tree at once, as when the host loses its power."""
        self.look()
        for each in self.left():
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait()
        until_dead(self.left())

    def close(self) -> None:
        """End it all, whatever state a test has left it in."""
        self.look()
        for each in self.left():
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGCONT)
        stop_process(self.process, grace=10)
        for each in self.left():
            with suppress(psutil.NoSuchProcess):
                each.kill()
        until_dead(self.left())


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those which still run; one that only waits to be reaped does not."""
    running = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                running.append(process)
    return running


def until_dead(processes: Iterable[psutil.Process], patience: float = TIMEOUT_SECONDS) -> None:
    """Wait until none of them runs any more."""
    those = list(processes)
    until(lambda: not alive(those), f"the end of {those}", patience)


def start(
    folder: Path,
    workers: int = 2,
    beat: float = 5.0,
    grace: float = 10.0,
    *,
    env: Mapping[str, str] | None = None,
    within: Sequence[str] = (),
) -> Worker:
    """A worker that has just been started; `within` is a command that starts it elsewhere."""
    options = {"workers": workers, "beat": beat, "grace": grace}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    folder.mkdir(exist_ok=True)
    log = folder / "worker.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*within, sys.executable, str(MANAGE), "worker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment(folder), **(env or {})},
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
    return Worker(process, log)


@contextmanager
def running(folder: Path, workers: int = 2, **options: Any) -> Iterator[Worker]:
    """A worker that is known to take work; nothing of it is left behind."""
    worker = start(folder, workers, **options)
    try:
        worker.wait_until_alive()
        yield worker
    finally:
        worker.close()


def cut_connections() -> None:
    """End every connection to the test's database, ours too."""
    with connection._nodb_cursor() as elsewhere:
        elsewhere.execute(TERMINATE_CONNECTIONS, [connection.settings_dict["NAME"]])
    connection.close()


@contextmanager
def outage() -> Iterator[None]:
    """The test's database cuts every connection, ours too, and takes no others."""
    name = str(connection.settings_dict["NAME"])
    allow = f"ALTER DATABASE {connection.ops.quote_name(name)} ALLOW_CONNECTIONS"
    with connection._nodb_cursor() as elsewhere:
        elsewhere.execute(f"{allow} false")
        try:
            elsewhere.execute(TERMINATE_CONNECTIONS, [name])
            yield
        finally:
            elsewhere.execute(f"{allow} true")
            connection.close()  # what is left of it serves nobody; the next query connects again
