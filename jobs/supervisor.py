"""Runs django-q2's cluster and replaces it when it is dead, or looks alive and is not.

A test message, the canary, goes through queue, worker and database every few seconds. When it does
not come back, and no lane of this cluster shows a sign of life either, the whole process group is
killed and a new one started. The sweep runs here too: rescue does not depend on the rescued.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta
from types import FrameType

from django.db import Error, close_old_connections
from django.db.models.functions import Now
from django_q.models import OrmQ
from django_q.tasks import async_task

from .broker import own_key
from .models import Heartbeat, Lane
from .processes import MANAGE, kill_group, start_process
from .sweep import sweep

log = logging.getLogger(__name__)

TICK = 0.25  # seconds
SEEN_EVERY = 2.0
CANARY_EVERY = 5.0
CANARY_MISSED = 15.0  # three of them
SWEEP_EVERY = 5.0
START_ALLOWED = 30.0  # for the first canary of a new cluster
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)  # before each further restart without a canary between
MOST_RESTARTS = 10
WITHIN = 300.0
FORGOTTEN = timedelta(days=1)


class Supervisor:
    """One cluster on this host, kept alive until SIGTERM or SIGINT."""

    def __init__(self, workers: int, grace: float) -> None:
        self.workers = workers
        self.grace = grace
        self.signals = 0
        self.heartbeat = Heartbeat()
        self.cluster: subprocess.Popen[bytes] | None = None
        self.due: dict[str, float] = {}
        self.sent: float | None = None  # when the canary that is out left, by our own clock
        self.sung_before: datetime | None = None
        self.patience = START_ALLOWED
        self.restarts: list[float] = []  # since the last canary
        self.down = False

    def run(self) -> int:
        """Returns the exit code: 0 when asked to stop, 1 when it gives up."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        Heartbeat.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()
        self.heartbeat = Heartbeat.objects.create(
            host=socket.gethostname(), pid=os.getpid(), workers=self.workers
        )
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
            self._forget()
        return 0

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def _start(self) -> None:
        self.sent = None
        self.patience = START_ALLOWED
        self.cluster = start_process(
            [sys.executable, "-m", "jobs.cluster"],
            env={
                "EVALUATOR_SUPERVISOR": str(self.heartbeat.pk),
                "Q_WORKERS": str(self.workers),
                "PYTHONPATH": os.pathsep.join(
                    [str(MANAGE.parent), os.environ.get("PYTHONPATH", "")]
                ),
            },
        )
        log.info("started %d workers", self.workers)

    def _tick(self) -> bool:
        """One look around; False when there is no use in going on."""
        if self.cluster is not None and self.cluster.poll() is not None:
            return self._restart(f"it ended with code {self.cluster.returncode}")
        try:
            if self._is_due("seen", SEEN_EVERY):
                Heartbeat.objects.filter(pk=self.heartbeat.pk).update(seen_at=Now())
            if self._is_wedged():
                return self._restart(f"no test message came through for {self.patience:.0f} s")
            if self._is_due("sweep", SWEEP_EVERY):
                sweep()
        except Error as error:
            if not self.down:
                log.warning("the database does not answer: %s", type(error).__name__)
            self.down = True
            self.sent = None  # an outage is not the cluster's fault
            close_old_connections()
        else:
            if self.down:
                log.info("the database answers again")
            self.down = False
        return True

    def _is_due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self.due.get(what, 0.0):
            return False
        self.due[what] = now + every
        return True

    def _is_wedged(self) -> bool:
        """Keep one canary on its way; whether the cluster has let too much time pass."""
        if self.sent is None:
            if self._is_due("canary", CANARY_EVERY):
                self._send_canary()
            return False
        if not self._is_due("look", 0.5):
            return False
        if not OrmQ.objects.filter(key=own_key(self.heartbeat.pk)).exists():
            # Taken, run and acknowledged. Whether it sang shows in the row it writes.
            self.heartbeat.refresh_from_db()
            if self.heartbeat.canary_at != self.sung_before:
                self.sent = None
                self.patience = CANARY_MISSED
                self.restarts.clear()
                return False
        if time.monotonic() - self.sent < self.patience:
            return False
        # Busy workers say so themselves, and the canary has to wait for them.
        return not Lane.objects.running().filter(worker=self.heartbeat.pk).exists()

    def _send_canary(self) -> None:
        key = own_key(self.heartbeat.pk)
        OrmQ.objects.filter(key=key).delete()  # of a cluster that is gone
        self.heartbeat.refresh_from_db()
        self.sung_before = self.heartbeat.canary_at
        async_task("jobs.tasks.canary", self.heartbeat.pk, cluster=key)
        self.sent = time.monotonic()

    def _restart(self, why: str) -> bool:
        log.error("the cluster is replaced: %s", why)
        if self.cluster is not None:
            kill_group(self.cluster)
        now = time.monotonic()
        self.restarts = [at for at in self.restarts if now - at < WITHIN] + [now]
        if len(self.restarts) > MOST_RESTARTS:
            log.critical("gave up after %d restarts within %d s", MOST_RESTARTS, WITHIN)
            return False
        pause = PAUSES[min(len(self.restarts), len(PAUSES)) - 1]
        until = time.monotonic() + pause
        while time.monotonic() < until and not self.signals:
            time.sleep(TICK)
        self._start()
        self._note_restart()
        return True

    def _note_restart(self) -> None:
        try:
            self.heartbeat.refresh_from_db()
            self.heartbeat.restarts += 1
            self.heartbeat.save(update_fields=["restarts"])
        except Error:
            log.warning("the restart could not be noted: the database does not answer")

    def _stop(self) -> None:
        """Let lanes hand over, and end the cluster; `run` kills what is left by the deadline."""
        log.info("stopping")
        if self.cluster is None:
            return
        try:
            Heartbeat.objects.filter(pk=self.heartbeat.pk).update(stopping=True)
        except Error:
            log.warning("lanes could not be told to hand over: the database does not answer")
        # Only the main process: a sentinel that gets the signal too dies first and main hangs.
        self.cluster.terminate()
        until = time.monotonic() + self.grace
        while self.cluster.poll() is None and time.monotonic() < until and self.signals < 2:
            time.sleep(TICK)
        log.info("stopped")

    def _forget(self) -> None:
        try:
            Heartbeat.objects.filter(pk=self.heartbeat.pk).delete()
            OrmQ.objects.filter(key=own_key(self.heartbeat.pk)).delete()
        except Error:
            log.warning("the heartbeat could not be removed: the database does not answer")
