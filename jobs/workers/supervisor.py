"""Runs this host's workers and replaces them when they are dead, or look alive and are not.

The workers are a process group of their own: django-q2's cluster, or a Celery worker. When their
test message does not come back, and nothing else shows that they are at work either, the whole
group is killed and a new one started.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from types import FrameType

from django.db import Error

from jobs.models.worker import BEAT

from .health_port import serve
from .processes import MANAGE, kill_group, reap_adopted, start_process
from .watchdog import TICK, Watch

log = logging.getLogger(__name__)

STOP_ALLOWED = 4.0  # for the end of a cluster that has nothing in hand
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)  # before each further restart without a test message between
MOST_RESTARTS = 10
WITHIN = 300.0


class Supervisor:
    """One cluster on this host, kept alive until SIGTERM or SIGINT.

    `grace` is how many seconds work in hand is given at a stop, `beat` how many lie between two
    test messages, `port` where it says how the workers are; 0 is nowhere. Runs in the main thread
    only: it takes the process's signals.
    """

    COMMAND = (sys.executable, "-m", "jobs.workers")

    def __init__(self, workers: int, grace: float, beat: float = BEAT, port: int = 0) -> None:
        self.workers = workers
        self.grace = grace
        self.port = port
        self.signals = 0
        self.watch = Watch(workers, beat)
        self.cluster: subprocess.Popen[bytes] | None = None
        self.restarts: list[float] = []  # since the last canary

    def run(self) -> int:
        """Returns the exit code: 0 when asked to stop, 1 when it gives up.

        Raises PortTaken.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        server = serve(self.port, lambda: self.watch.ailment) if self.port else None
        self.watch.begin()
        try:
            self._start()
            while not self.signals:
                if not self._tick():
                    return 1
                time.sleep(TICK)
            self._stop()
        finally:
            if self.cluster is not None:
                kill_group(self.cluster)
            self.watch.end()
            if server is not None:
                server.shutdown()
                server.server_close()
        return 0

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def _start(self) -> None:
        self.watch.workers_start()
        path = filter(None, [str(MANAGE.parent), os.environ.get("PYTHONPATH")])
        self.cluster = start_process(
            list(self.COMMAND),
            env={
                "EVALUATOR_SUPERVISOR": str(self.watch.pk),
                "Q_WORKERS": str(self.workers),
                "PYTHONPATH": os.pathsep.join(path),
            },
        )
        log.info("started %d workers", self.workers)

    def _tick(self) -> bool:
        """One look around; False when there is no use in going on."""
        if self.cluster is not None:
            if self.cluster.poll() is not None:
                return self._restart(f"it ended with code {self.cluster.returncode}")
            reap_adopted(self.cluster.pid)
        if not self.watch.look():
            return self._restart("no test message came through, and no work is being done")
        if self.watch.draining != (self.cluster is None):
            if self.watch.draining:
                self._drain()
            else:
                self._take_work_again()
        if self.restarts and self.watch.well_at > self.restarts[-1]:
            self.restarts.clear()
        return True

    def _restart(self, why: str) -> bool:
        log.error("the cluster is replaced: %s", why)
        if self.cluster is not None:
            kill_group(self.cluster)
        self.watch.workers_are_gone()
        now = time.monotonic()
        if self.watch.silent != "database":
            self.restarts = [at for at in self.restarts if now - at < WITHIN] + [now]
        if len(self.restarts) > MOST_RESTARTS:
            log.critical(
                "gave up after %d restarts within %.0f s; run `python manage.py check`, and look "
                "above for what the cluster said",
                MOST_RESTARTS,
                WITHIN,
            )
            return False
        number = len(PAUSES) if self.watch.silent == "database" else len(self.restarts)
        until = now + PAUSES[min(number, len(PAUSES)) - 1]
        while time.monotonic() < until:
            if self.signals:
                return True
            time.sleep(TICK)
        self._start()
        self.watch.note_restart(why)
        return True

    def _drain(self) -> None:
        """Staff want this host to take no work: no workers, but the sweep, and a sign of life."""
        log.warning("drained, as staff asked for")
        self._stop()
        if self.cluster is not None:
            kill_group(self.cluster)
        self.cluster = None
        self.watch.workers_rest()

    def _take_work_again(self) -> None:
        try:
            self.watch.say_ready()
        except Error as error:  # the next tick tries again
            log.warning("no work is taken yet: %s", type(error).__name__)
            return
        self._start()

    def _stop(self) -> None:
        """Let lanes hand over, and end the cluster; `run` kills what is left by the deadline."""
        log.info("stopping")
        if self.cluster is None:
            return
        self.watch.say_stopping()
        # Only the main process: a sentinel that gets the signal too dies first and main hangs.
        self.cluster.terminate()
        began = time.monotonic()
        while self.cluster.poll() is None:
            waited = time.monotonic() - began
            if self.signals > 1 or waited > self.grace:
                log.warning("work in hand was cut off; it will be done again")
                return
            if waited > STOP_ALLOWED and self.watch.is_due("look", 0.5) and self._is_idle():
                break
            time.sleep(TICK / 5)
        log.info("stopped")

    def _is_idle(self) -> bool:
        """Whether waiting for the cluster's end is of no use: a wedged one never ends by itself."""
        try:
            return not self.watch.is_busy(0.0)
        except Error:
            return False
