"""Runs this host's workers and replaces them when they are dead, or look alive and take no work.

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

from candidates.facts.reason import IncidentCode, Reason
from jobs.models.worker import CANARY_SECONDS

from .health_port import serve
from .processes import MANAGE, kill_group, reap_adopted, start_process
from .watchdog import TICK_SECONDS, Watchdog

log = logging.getLogger(__name__)

STOP_SECONDS = 4.0  # for the end of a cluster that has nothing in hand
IDLE_CHECK_SECONDS = 0.5
# Before each further restart without a test message between.
RESTART_DELAYS = (0.0, 1.0, 2.0, 5.0, 10.0)
MAX_RESTARTS = 10
RESTART_WINDOW_SECONDS = 300.0


class Supervisor:
    """One cluster on this host, kept alive until SIGTERM or SIGINT.

    `grace` is how many seconds work in hand is given at a stop, `canary_seconds` how many lie
    between two test messages, `port` where it says how the workers are; 0 is nowhere. Runs in the
    main thread only: it takes the process's signals.
    """

    COMMAND = (sys.executable, "-m", "jobs.workers")

    def __init__(
        self, workers: int, grace: float, canary_seconds: float = CANARY_SECONDS, port: int = 0
    ) -> None:
        self.workers = workers
        self.grace = grace
        self.port = port
        self.signals = 0
        self.watchdog = Watchdog(workers, canary_seconds)
        self.cluster: subprocess.Popen[bytes] | None = None
        self.restarts: list[float] = []  # since the last canary

    def run(self) -> int:
        """Returns the exit code: 0 when asked to stop, 1 when it gives up.

        Raises PortTaken.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._count_signal)
        server = serve(self.port, self.watchdog.problem) if self.port else None
        self.watchdog.register()
        try:
            self._start()
            while not self.signals:
                if not self._tick():
                    return 1
                time.sleep(TICK_SECONDS)
            self._stop()
        finally:
            if self.cluster is not None:
                kill_group(self.cluster)
            self.watchdog.unregister()
            if server is not None:
                server.shutdown()
                server.server_close()
        return 0

    def _count_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def _start(self) -> None:
        self.watchdog.workers_started()
        path = filter(None, [str(MANAGE.parent), os.environ.get("PYTHONPATH")])
        self.cluster = start_process(
            list(self.COMMAND),
            env={
                "EVALUATOR_SUPERVISOR": str(self.watchdog.pk),
                "Q_WORKERS": str(self.workers),
                "PYTHONPATH": os.pathsep.join(path),
            },
        )
        log.info("started %d workers", self.workers)

    def _tick(self) -> bool:
        """Look once at the cluster; False when there is no use in going on."""
        if self.cluster is not None:
            if self.cluster.poll() is not None:
                exit_code = self.cluster.returncode
                return self._restart(Reason(IncidentCode.CLUSTER_ENDED, {"exit_code": exit_code}))
            reap_adopted(self.cluster.pid)
        if not self.watchdog.check():
            seconds = round(self.watchdog.canary_waited)
            return self._restart(Reason(IncidentCode.CANARY_MISSING, {"seconds": seconds}))
        if self.watchdog.draining != (self.cluster is None):
            if self.watchdog.draining:
                self._drain()
            else:
                self._end_drain()
        if self.restarts and self.watchdog.canary_came_at > self.restarts[-1]:
            self.restarts.clear()
        return True

    def _restart(self, reason: Reason) -> bool:
        log.error("the cluster is replaced: %s", reason)
        if self.cluster is not None:
            kill_group(self.cluster)
        self.watchdog.workers_ended()
        now = time.monotonic()
        is_outage = self.watchdog.unreachable == "database"
        if not is_outage:
            recent = [moment for moment in self.restarts if now - moment < RESTART_WINDOW_SECONDS]
            self.restarts = [*recent, now]
        if len(self.restarts) > MAX_RESTARTS:
            log.critical(
                "gave up after %d restarts within %.0f s; run `python manage.py check`, and look "
                "above for what the cluster said",
                MAX_RESTARTS,
                RESTART_WINDOW_SECONDS,
            )
            return False
        number = len(RESTART_DELAYS) if is_outage else len(self.restarts)
        deadline = now + RESTART_DELAYS[min(number, len(RESTART_DELAYS)) - 1]
        while time.monotonic() < deadline:
            if self.signals:
                return True
            time.sleep(TICK_SECONDS)
        self._start()
        self.watchdog.record_restart(reason)
        return True

    def _drain(self) -> None:
        """Have no workers, as staff want it, but the sweep and a sign of life."""
        log.warning("drained, as staff asked for")
        self._stop()
        if self.cluster is not None:
            kill_group(self.cluster)
        self.cluster = None
        self.watchdog.workers_drained()

    def _end_drain(self) -> None:
        try:
            self.watchdog.withdraw_stop()
        except Error as error:  # the next tick tries again
            log.warning("no work is taken yet: %s", type(error).__name__)
            return
        self._start()

    def _stop(self) -> None:
        """Let lanes hand over, and end the cluster; `run` kills what is left by the deadline."""
        log.info("stopping")
        if self.cluster is None:
            return
        self.watchdog.announce_stop()
        # Only the main process: a sentinel that gets the signal too dies first and main hangs.
        self.cluster.terminate()
        stop_began = time.monotonic()
        while self.cluster.poll() is None:
            waited = time.monotonic() - stop_began
            if self.signals > 1 or waited > self.grace:
                log.warning("work in hand was cut off; it will be done again")
                return
            if (
                waited > STOP_SECONDS
                and self.watchdog.is_due("idle check", IDLE_CHECK_SECONDS)
                and self._is_idle()
            ):
                break
            time.sleep(TICK_SECONDS / 5)
        log.info("stopped")

    def _is_idle(self) -> bool:
        """Whether waiting for the cluster's end is of no use: a wedged one never ends by itself."""
        try:
            return not self.watchdog.are_busy()
        except Error:
            return False
