"""Whether the workers of one host are at work: sign of life, test message, and the sweep.

A test message, the canary, goes through queue, worker and database every few seconds. The sweep
runs here, beside the workers: rescue does not depend on the rescued.
"""

import logging
import os
import socket
import threading
import time
from datetime import datetime, timedelta

from django.db import (
    Error,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)
from django.db.models import F
from django.db.models.functions import Now

from jobs import queue
from jobs.models import Heartbeat, HeartbeatQuerySet, Lane, Notification, OutgoingStatus
from jobs.models.worker import BEAT, MAIL_ALLOWED, START_ALLOWED, Incident, IncidentKind

from .processes import is_there
from .sweep import sweep

log = logging.getLogger(__name__)

TICK = 0.25  # seconds
SEEN_EVERY = 2.0
SWEEP_EVERY = 5.0
SILENT = timedelta(seconds=30)  # after which other supervisors' messages are taken from them
FORGOTTEN = timedelta(days=1)
STUCK = 30.0  # seconds without a look, after which nobody should believe the last one


def await_database(longest: float) -> bool:
    """Whether the database answers within `longest` seconds: it may start after us, or restart."""
    until, pause = time.monotonic() + longest, 0.25
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if pause == 0.25:
                log.warning("the database does not answer yet: %s", type(error).__name__)
            if time.monotonic() + pause > until:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
        else:
            return True


class Watch:
    """The eye on one host's workers; `beat` is how many seconds lie between two test messages."""

    def __init__(self, workers: int, beat: float = BEAT) -> None:
        self.workers = workers
        self.beat = beat
        self.heartbeat = Heartbeat()
        self.due: dict[str, float] = {}
        self.sent: float | None = None  # when the canary that is out left, by our own clock
        self.sung_before: datetime | None = None
        self.patience = START_ALLOWED
        self.silent = ""  # which of the two does not answer: the database, the queue
        self.owes = False  # work of workers that are gone
        self.stopping = False
        self.draining = False  # staff want it to
        self.has_workers = True
        self.looked_at = self.well_at = time.monotonic()
        self.was_well = False

    @property
    def pk(self) -> int:
        return int(self.heartbeat.pk)

    def begin(self) -> None:
        """Enter this host among those that are there."""
        Heartbeat.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()
        self.heartbeat = Heartbeat.objects.create(
            host=socket.gethostname(), pid=os.getpid(), workers=self.workers
        )

    def workers_start(self) -> None:
        """They are new, and get time to show that they work."""
        self.sent = None
        self.patience = START_ALLOWED
        self.has_workers = True

    def workers_are_gone(self) -> None:
        """What they had in hand is free, as soon as the database can be told."""
        self.owes = True

    def workers_rest(self) -> None:
        """There are none until staff want them again."""
        self.workers_are_gone()
        self.has_workers = self.was_well = False

    def note_restart(self, why: str) -> None:
        try:
            Heartbeat.objects.filter(pk=self.pk).update(restarts=F("restarts") + 1)
            Incident.objects.create(
                host=self.heartbeat.host, heartbeat=self.pk, what=IncidentKind.WORKERS, detail=why
            )
        except Error:
            log.warning("the restart could not be noted: the database does not answer")

    def look(self) -> bool:
        """One look around; False when the workers look alive and are not."""
        self.looked_at = time.monotonic()
        try:
            if self.is_due("seen", SEEN_EVERY):
                self._show_life()
            if self.silent == "database":
                return True
            if self.owes:
                self._give_back()
            is_wedged = self.has_workers and self._is_wedged()
        except (OperationalError, InterfaceError) as error:
            self._sit_out("database", error)
            close_old_connections()
            return True
        except queue.QueueDown as error:
            self._sit_out("queue", error)
            is_wedged = False
        if not is_wedged and self.is_due("sweep", SWEEP_EVERY):
            self._sweep()
        return not is_wedged

    def _sit_out(self, what: str, error: Exception) -> None:
        if self.silent != what:
            log.warning("the %s does not answer: %s", what, type(error).__name__)
        self.silent = what
        self.sent = None  # an outage is not the workers' fault

    def _answers_again(self, what: str) -> None:
        if self.silent == what:
            log.info("the %s answers again", what)
            self.silent = ""

    @property
    def ailment(self) -> str:
        """Why this host's workers cannot be relied on, as a sentence; empty when they can."""
        now = time.monotonic()
        if self.stopping:
            return "It is drained." if self.draining else "It is stopping."
        if now - self.looked_at > STUCK:
            return "The supervisor is stuck."
        if self.silent:
            return f"The {self.silent} does not answer."
        if not self.was_well:
            return "No test message has come through yet."
        if now - self.well_at > max(3 * self.beat, HeartbeatQuerySet.FRESH.total_seconds()):
            return f"No test message has come through for {now - self.well_at:.0f} seconds."
        return ""

    def _is_well(self) -> None:
        self.was_well, self.well_at = True, time.monotonic()

    def is_due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self.due.get(what, 0.0):
            return False
        self.due[what] = now + every
        return True

    def _show_life(self) -> None:
        row = Heartbeat.objects.filter(pk=self.pk)
        if not row.update(seen_at=Now()):
            # Another supervisor forgot us, as after a long sleep of this host. Our workers know
            # themselves by the old id, so it must exist again.
            self.heartbeat = Heartbeat.objects.create(
                pk=self.pk, host=self.heartbeat.host, pid=self.heartbeat.pid, workers=self.workers
            )
            self.sent = None  # it may have sung to nobody
        self.draining = bool(row.values_list("draining", flat=True).first())
        self._answers_again("database")

    def _is_wedged(self) -> bool:
        """Keep one canary on its way; whether the workers have let too much time pass."""
        if self.sent is None:
            if self.is_due("canary", self.beat):
                self.sung_before = self._last_sung()
                queue.put_canary(self.pk)
                self.sent = time.monotonic()
                self._answers_again("queue")
            return False
        if not self.is_due("look", 0.5):
            return False
        if queue.is_canary_done(self.pk):
            # Whether it sang shows in the row it writes.
            sung = self._last_sung()
            if sung is not None and sung != self.sung_before:
                self.sent = None
                self.patience = 3 * self.beat
                self._is_well()
                return False
        waited = time.monotonic() - self.sent
        if waited < self.patience:
            return False
        if self.is_busy(waited):
            self._is_well()
            return False
        return True

    def is_busy(self, waited: float) -> bool:
        """Whether workers have a reason to keep the canary waiting; lanes say so themselves."""
        if Lane.objects.running().filter(worker=self.pk).exists():
            return True
        being_sent = Notification.objects.filter(status=OutgoingStatus.SENDING, due_at__gt=Now())
        return waited < MAIL_ALLOWED and being_sent.exists()

    def _last_sung(self) -> datetime | None:
        row = Heartbeat.objects.filter(pk=self.pk)
        return row.values_list("canary_at", flat=True).first()

    def _give_back(self) -> None:
        """What dead workers had in hand is free at once, not only when its leases run out."""
        Lane.objects.running().filter(worker=self.pk).update(due_at=Now())
        queue.give_back(but=self._others())
        self.owes = False

    def _others(self) -> list[int]:
        there = Heartbeat.objects.filter(seen_at__gt=Now() - SILENT).exclude(pk=self.pk)
        return list(there.values_list("pk", flat=True))

    def _free_lanes_of_the_dead(self) -> None:
        """A worker of ours that died is known to be dead before its lane's lease runs out."""
        lanes = Lane.objects.running().filter(worker=self.pk)
        for lane, pid in list(lanes.values_list("pk", "pid")):
            if pid is not None and not is_there(pid):
                lanes.filter(pk=lane, pid=pid).update(due_at=Now())

    def _sweep(self) -> None:
        try:
            queue.give_back(but=[self.pk, *self._others()])
            self._free_lanes_of_the_dead()
            sweep()
        except Error as error:  # the next round tries again
            log.warning("the sweep failed: %s", type(error).__name__)
        except Exception:
            # Healing has a fault. That must not end the workers, which are in good health.
            log.exception("the sweep failed")

    def say_stopping(self) -> None:
        """Tell lanes to hand over."""
        self.stopping = True
        try:
            Heartbeat.objects.filter(pk=self.pk).update(stopping=True)
        except Error:
            log.warning("lanes could not be told to hand over: the database does not answer")

    def say_ready(self) -> None:
        """Staff want the workers again; raises django.db.Error when the database cannot be told."""
        Heartbeat.objects.filter(pk=self.pk).update(stopping=False)
        self.stopping = False

    def end(self) -> None:
        """Give back what is left in hand, and leave."""
        try:
            self._give_back()
            Heartbeat.objects.filter(pk=self.pk).delete()
        except Error:
            log.warning("what was in hand could not be given back: the database does not answer")


class WatchThread(threading.Thread):
    """The watch over workers that somebody else started, and whom we cannot replace."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(name="watch", daemon=True)
        self.watch = watch
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(TICK):
            if not self.watch.look() and self.watch.is_due("complaint", 60.0):
                log.error("no test message comes through, and no work is being done")
        connections.close_all()

    def say_stopping(self) -> None:
        self.watch.say_stopping()

    def end(self) -> None:
        self.over.set()
        self.join(5)
        self.watch.end()
        connections.close_all()
