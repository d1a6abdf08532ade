"""Runs django-q2's cluster and replaces it when it is dead, or looks alive and is not.

A test message, the canary, goes through queue, worker and database every few seconds. When it does
not come back, and nothing else shows that this cluster is at work either, the whole process group
is killed and a new one started. The sweep runs here too: rescue does not depend on the rescued.
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

from django.db import Error, InterfaceError, OperationalError, close_old_connections
from django.db.models import F
from django.db.models.functions import Now
from django_q.models import OrmQ
from django_q.tasks import async_task

from .broker import give_back, own_key
from .models import Heartbeat, Lane, Mail, Notification
from .processes import MANAGE, is_there, kill_group, reap_adopted, start_process
from .sweep import sweep

log = logging.getLogger(__name__)

TICK = 0.25  # seconds
SEEN_EVERY = 2.0
SWEEP_EVERY = 5.0
BEAT = 5.0  # between test messages; three of them missed is too much
START_ALLOWED = 30.0  # for the first test message of a new cluster
STOP_ALLOWED = 4.0  # for the end of a cluster that has nothing in hand
MAIL_ALLOWED = 60.0  # while e-mails are being sent: a slow mail server holds workers up
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)  # before each further restart without a test message between
MOST_RESTARTS = 10
WITHIN = 300.0
SILENT = timedelta(seconds=30)  # after which other supervisors' messages are taken from them
FORGOTTEN = timedelta(days=1)


class Supervisor:
    """One cluster on this host, kept alive until SIGTERM or SIGINT.

    `grace` is how many seconds work in hand is given at a stop, `beat` how many lie between two
    test messages. Runs in the main thread only: it takes the process's signals.
    """

    COMMAND = (sys.executable, "-m", "jobs.cluster")

    def __init__(self, workers: int, grace: float, beat: float = BEAT) -> None:
        self.workers = workers
        self.grace = grace
        self.beat = beat
        self.signals = 0
        self.heartbeat = Heartbeat()
        self.cluster: subprocess.Popen[bytes] | None = None
        self.due: dict[str, float] = {}
        self.sent: float | None = None  # when the canary that is out left, by our own clock
        self.sung_before: datetime | None = None
        self.patience = START_ALLOWED
        self.restarts: list[float] = []  # since the last canary
        self.down = False  # the database does not answer
        self.owes = False  # work of a cluster that is gone

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
        path = filter(None, [str(MANAGE.parent), os.environ.get("PYTHONPATH")])
        self.cluster = start_process(
            list(self.COMMAND),
            env={
                "EVALUATOR_SUPERVISOR": str(self.heartbeat.pk),
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
            reap_adopted(but=self.cluster.pid)
        try:
            if self._is_due("seen", SEEN_EVERY):
                self._show_life()
            if self.down:
                return True
            if self.owes:
                self._give_back()
            is_wedged = self._is_wedged()
        except (OperationalError, InterfaceError) as error:
            if not self.down:
                log.warning("the database does not answer: %s", type(error).__name__)
            self.down = True
            self.sent = None  # an outage is not the cluster's fault
            close_old_connections()
            return True
        if is_wedged:
            return self._restart("no test message came through, and no work is being done")
        if self._is_due("sweep", SWEEP_EVERY):
            self._sweep()
        return True

    def _is_due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self.due.get(what, 0.0):
            return False
        self.due[what] = now + every
        return True

    def _show_life(self) -> None:
        row = Heartbeat.objects.filter(pk=self.heartbeat.pk)
        if not row.update(seen_at=Now()):
            # Another supervisor forgot us, as after a long sleep of this host. Our cluster knows
            # itself by the old id, so it must exist again.
            self.heartbeat = Heartbeat.objects.create(
                pk=self.heartbeat.pk,
                host=self.heartbeat.host,
                pid=self.heartbeat.pid,
                workers=self.workers,
            )
            self.sent = None  # it may have sung to nobody
        if self.down:
            log.info("the database answers again")
        self.down = False

    def _is_wedged(self) -> bool:
        """Keep one canary on its way; whether the cluster has let too much time pass."""
        if self.sent is None:
            if self._is_due("canary", self.beat):
                self._send_canary()
            return False
        if not self._is_due("look", 0.5):
            return False
        if not OrmQ.objects.filter(key=own_key(self.heartbeat.pk)).exists():
            # Taken, run and acknowledged. Whether it sang shows in the row it writes.
            sung = self._last_sung()
            if sung is not None and sung != self.sung_before:
                self.sent = None
                self.patience = 3 * self.beat
                self.restarts.clear()
                return False
        waited = time.monotonic() - self.sent
        return waited >= self.patience and not self._is_busy(waited)

    def _is_busy(self, waited: float) -> bool:
        """Whether workers have a reason to keep the canary waiting; lanes say so themselves."""
        if Lane.objects.running().filter(worker=self.heartbeat.pk).exists():
            return True
        being_sent = Notification.objects.filter(status=Mail.SENDING, due_at__gt=Now())
        return waited < MAIL_ALLOWED and being_sent.exists()

    def _send_canary(self) -> None:
        key = own_key(self.heartbeat.pk)
        OrmQ.objects.filter(key=key).delete()  # of a cluster that is gone
        self.sung_before = self._last_sung()
        async_task("jobs.tasks.canary", self.heartbeat.pk, cluster=key)
        self.sent = time.monotonic()

    def _last_sung(self) -> datetime | None:
        row = Heartbeat.objects.filter(pk=self.heartbeat.pk)
        return row.values_list("canary_at", flat=True).first()

    def _give_back(self) -> None:
        """What our dead cluster had in hand is free at once, not only when its leases run out."""
        Lane.objects.running().filter(worker=self.heartbeat.pk).update(due_at=Now())
        give_back(but=self._others())
        self.owes = False

    def _others(self) -> list[int]:
        there = Heartbeat.objects.filter(seen_at__gt=Now() - SILENT).exclude(pk=self.heartbeat.pk)
        return list(there.values_list("pk", flat=True))

    def _free_lanes_of_the_dead(self) -> None:
        """A worker of ours that died is known to be dead before its lane's lease runs out."""
        lanes = Lane.objects.running().filter(worker=self.heartbeat.pk)
        for lane, pid in list(lanes.values_list("pk", "pid")):
            if pid is not None and not is_there(pid):
                lanes.filter(pk=lane, pid=pid).update(due_at=Now())

    def _sweep(self) -> None:
        try:
            give_back(but=[self.heartbeat.pk, *self._others()])
            self._free_lanes_of_the_dead()
            sweep()
        except Error as error:  # the next round tries again
            log.warning("the sweep failed: %s", type(error).__name__)
        except Exception:
            # Healing has a fault. That must not end the workers, which are in good health.
            log.exception("the sweep failed")

    def _restart(self, why: str) -> bool:
        log.error("the cluster is replaced: %s", why)
        if self.cluster is not None:
            kill_group(self.cluster)
        self.owes = True
        now = time.monotonic()
        if not self.down:
            self.restarts = [at for at in self.restarts if now - at < WITHIN] + [now]
        if len(self.restarts) > MOST_RESTARTS:
            log.critical(
                "gave up after %d restarts within %.0f s; run `python manage.py check`, and look "
                "above for what the cluster said",
                MOST_RESTARTS,
                WITHIN,
            )
            return False
        number = len(PAUSES) if self.down else len(self.restarts)
        until = now + PAUSES[min(number, len(PAUSES)) - 1]
        while time.monotonic() < until:
            if self.signals:
                return True
            time.sleep(TICK)
        self._start()
        try:
            Heartbeat.objects.filter(pk=self.heartbeat.pk).update(restarts=F("restarts") + 1)
        except Error:
            log.warning("the restart could not be noted: the database does not answer")
        return True

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
        began = time.monotonic()
        while self.cluster.poll() is None:
            waited = time.monotonic() - began
            if self.signals > 1 or waited > self.grace:
                log.warning("work in hand was cut off; it will be done again")
                return
            if waited > STOP_ALLOWED and self._is_due("look", 0.5) and self._is_idle():
                break
            time.sleep(TICK / 5)
        log.info("stopped")

    def _is_idle(self) -> bool:
        """Whether waiting for the cluster's end is of no use: a wedged one never ends by itself."""
        try:
            return not self._is_busy(0.0)
        except Error:
            return False

    def _forget(self) -> None:
        try:
            self._give_back()
            Heartbeat.objects.filter(pk=self.heartbeat.pk).delete()
        except Error:
            log.warning("what was in hand could not be given back: the database does not answer")
