"""Whether the workers of one host take work: sign of life, test message, and the sweep.

A test message, the canary, goes through queue, worker and database every few seconds. The sweep
runs here, beside the workers: rescue does not depend on the rescued.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

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

from candidates.facts.reason import Reason
from candidates.models.reason import columns
from jobs import queue
from jobs.models import Heartbeat, HeartbeatQuerySet, Incident, IncidentKind, Lane, RunningTask
from jobs.models.worker import CANARY_SECONDS, HEARTBEAT_SECONDS
from jobs.monitoring import problems
from jobs.monitoring.problems import SystemProblem

from .processes import process_exists
from .sweep import sweep, sweep_lanes

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
CANARY_CHECK_SECONDS = 0.5
SWEEP_SECONDS = 5.0
LANES_SECONDS = 2.0  # between looks at the lanes; the documents promise 5 seconds
COMPLAINT_SECONDS = 60.0
STUCK_SECONDS = 30.0  # without a check, after which the last one is worth nothing
MISSED_CANARIES = 3  # after which workers without an excuse are replaced
START_SECONDS = HeartbeatQuerySet.START_ALLOWED.total_seconds()
LATE_SECONDS = HeartbeatQuerySet.CANARY_LATE_AFTER.total_seconds()

type Server = Literal["", "database", "queue"]


def await_database(seconds: float) -> bool:
    """Whether the database answers within so many seconds: it may start after this process."""
    deadline, pause = time.monotonic() + seconds, 0.25
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if pause == 0.25:
                log.warning("the database does not answer yet: %s", type(error).__name__)
            if time.monotonic() + pause > deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
        else:
            return True


class Watchdog:
    """Watches the workers of one host; `canary_seconds` lie between two test messages."""

    def __init__(self, workers: int, canary_seconds: float = CANARY_SECONDS) -> None:
        self.workers = workers
        self.canary_seconds = canary_seconds
        self.heartbeat = Heartbeat()
        self.next_times: dict[str, float] = {}  # of what is done every few seconds
        self.canary_sent: float | None = None  # when the one that is out left, by this clock
        self.canary_before: datetime | None = None  # `canary_at` when it left
        # Seconds for which free workers had left the one that is out, when last looked for.
        self.canary_waited = 0.0
        self.busy_at = 0.0  # when workers were last known to have work in hand, by this clock
        self.canary_allowed = START_SECONDS
        self.unreachable: Server = ""
        self.must_requeue = False  # what workers had in hand that are gone
        self.stopping = False
        self.draining = False  # staff want it to take no work
        self.has_workers = True
        self.checked_at = self.healthy_at = self.canary_came_at = time.monotonic()
        self.was_healthy = False

    @property
    def pk(self) -> int:
        return int(self.heartbeat.pk)

    @property
    def host(self) -> str:
        return self.heartbeat.host

    def register(self) -> None:
        """Enter this host among those that are there."""
        Heartbeat.objects.all().delete_forgotten()
        self.heartbeat = Heartbeat.objects.create(
            host=socket.gethostname(), pid=os.getpid(), workers=self.workers
        )

    def unregister(self) -> None:
        """Requeue what is left in hand, and leave."""
        try:
            self._requeue()
            Heartbeat.objects.filter(pk=self.pk).delete()
        except Error:
            log.warning("what was in hand could not be given back: the database does not answer")

    def workers_started(self) -> None:
        """They are new, and get time to show that they work."""
        self.canary_sent = None
        self.canary_allowed = START_SECONDS
        self.has_workers = True

    def workers_ended(self) -> None:
        """What they had in hand is requeued as soon as the database answers."""
        self.must_requeue = True

    def workers_drained(self) -> None:
        """There are none until staff want them again."""
        self.workers_ended()
        self.has_workers = self.was_healthy = False

    def record_restart(self, reason: Reason) -> None:
        try:
            Heartbeat.objects.filter(pk=self.pk).update(restarts=F("restarts") + 1)
            Incident.objects.create(
                host=self.host,
                heartbeat=self.pk,
                kind=IncidentKind.WORKERS,
                **columns("reason", reason),
            )
        except Error:
            log.warning("the restart could not be recorded: the database does not answer")

    def check(self) -> bool:
        """Do what is due; False when the workers look alive and take no work."""
        self.checked_at = time.monotonic()
        try:
            if self.is_due("heartbeat", HEARTBEAT_SECONDS):
                self._show_life()
            if self.unreachable == "database":
                return True
            if self.must_requeue:
                self._requeue()
            is_wedged = self.has_workers and self._is_wedged()
        except (OperationalError, InterfaceError) as error:
            self._note_outage("database", error)
            close_old_connections()
            return True
        except queue.QueueDown as error:
            self._note_outage("queue", error)
            is_wedged = False
        if not is_wedged and self.is_due("lanes", LANES_SECONDS):
            self._heal(self._sweep_lanes)
        if not is_wedged and self.is_due("sweep", SWEEP_SECONDS):
            self._heal(self._sweep)
        return not is_wedged

    def problem(self) -> SystemProblem | None:
        """Why this host's workers cannot be relied on; None when they can. Asks no server."""
        now = time.monotonic()
        if self.stopping:
            if self.draining:
                return problems.drained(self.host, stops_work=True)
            return problems.stopping(self.host)
        if now - self.checked_at > STUCK_SECONDS:
            return problems.supervisor_stuck(self.host)
        if self.unreachable == "database":
            return problems.database_down()
        if self.unreachable == "queue":
            return problems.queue_down()
        if not self.was_healthy:
            return problems.starting(self.host)
        if now - self.healthy_at > max(2 * self.canary_seconds + 1, LATE_SECONDS):
            return problems.wedged(self.host, None, stops_work=True)
        return None

    def is_due(self, name: str, seconds: float) -> bool:
        """Whether what is done every so many seconds is to be done now; then it counts as done."""
        now = time.monotonic()
        if now < self.next_times.get(name, 0.0):
            return False
        self.next_times[name] = now + seconds
        return True

    def are_busy(self) -> bool:
        """Whether workers of this host have work in hand, which keeps the canary waiting."""
        return self.heartbeat.is_busy

    def announce_stop(self) -> None:
        """Have lanes hand over."""
        self.stopping = True
        try:
            Heartbeat.objects.filter(pk=self.pk).update(stopping=True)
        except Error:
            log.warning("lanes do not know that they end: the database does not answer")

    def withdraw_stop(self) -> None:
        """The workers are wanted again. Raises django.db.Error when the database is down."""
        Heartbeat.objects.filter(pk=self.pk).update(stopping=False)
        self.stopping = False

    def _note_outage(self, server: Server, error: Exception) -> None:
        if self.unreachable != server:
            log.warning("the %s does not answer: %s", server, type(error).__name__)
        self.unreachable = server
        self.canary_sent = None  # an outage is not the workers' fault

    def _note_answer(self, server: Server) -> None:
        if self.unreachable == server:
            log.info("the %s answers again", server)
            self.unreachable = ""

    def _note_health(self) -> None:
        self.was_healthy, self.healthy_at = True, time.monotonic()

    def _show_life(self) -> None:
        row = Heartbeat.objects.filter(pk=self.pk)
        if not row.note_life():
            # Another supervisor deleted the row, as after a long sleep of this host. The workers
            # know themselves by the old id, so it must exist again.
            self.heartbeat = Heartbeat.objects.create(
                pk=self.pk, host=self.host, pid=self.heartbeat.pid, workers=self.workers
            )
            self.canary_sent = None  # it may have found no row
        self.draining = bool(row.values_list("draining", flat=True).first())
        self._note_answer("database")

    def _is_wedged(self) -> bool:
        """Keep one canary on its way; whether the workers have let too much time pass."""
        if self.canary_sent is None:
            if self.is_due("canary", self.canary_seconds):
                self.canary_before = self._last_canary()
                queue.put_canary(self.pk)
                self.canary_sent = time.monotonic()
                self._note_answer("queue")
            return False
        if not self.is_due("canary check", CANARY_CHECK_SECONDS):
            return False
        if queue.is_canary_done(self.pk):
            # Whether it came through shows in the row that it writes.
            last = self._last_canary()
            if last is not None and last != self.canary_before:
                self.canary_sent = None
                self.canary_allowed = MISSED_CANARIES * self.canary_seconds
                self.canary_came_at = time.monotonic()
                self._note_health()
                return False
        # Workers that were at work a moment ago get as long to come to it as others.
        self.canary_waited = time.monotonic() - max(self.canary_sent, self.busy_at)
        is_overdue = self.canary_waited >= self.canary_allowed
        if (is_overdue or self.was_healthy) and self.are_busy():
            self.busy_at = time.monotonic()
            self._note_health()
            return False
        return is_overdue

    def _last_canary(self) -> datetime | None:
        row = Heartbeat.objects.filter(pk=self.pk)
        return row.values_list("canary_at", flat=True).first()

    def _requeue(self) -> None:
        """What dead workers had in hand is free at once, not only when its leases run out."""
        Lane.objects.running().filter(worker=self.pk).update(due_at=Now())
        RunningTask.objects.filter(worker=self.pk).delete()
        queue.requeue_held(except_supervisors=self._others())
        self.must_requeue = False

    def _others(self) -> list[int]:
        """Supervisors that may still have messages in hand."""
        others = Heartbeat.objects.seen_within(HeartbeatQuerySet.LOST_AFTER).exclude(pk=self.pk)
        return list(others.values_list("pk", flat=True))

    def _free_work_of_dead_processes(self) -> None:
        """A worker of this host that died is known to be dead before its lane's lease runs out, or
        the time of its task."""
        lanes = Lane.objects.running().filter(worker=self.pk)
        for lane, pid in list(lanes.values_list("pk", "pid")):
            if pid is not None and not process_exists(pid):
                lanes.filter(pk=lane, pid=pid).update(due_at=Now())
        tasks = RunningTask.objects.filter(worker=self.pk)
        for pid in set(tasks.values_list("pid", flat=True)):
            if not process_exists(pid):
                tasks.filter(pid=pid).delete()

    def _sweep_lanes(self) -> None:
        self._free_work_of_dead_processes()
        sweep_lanes()

    def _sweep(self) -> None:
        queue.requeue_held(except_supervisors=[self.pk, *self._others()])
        sweep()

    def _heal(self, mend: Callable[[], object]) -> None:
        try:
            mend()
        except Error as error:  # the next round tries again
            log.warning("the sweep failed: %s", type(error).__name__)
        except Exception:
            # Healing has a fault. That must not end the workers, which are in good health.
            log.exception("the sweep failed")


class WatchdogThread(threading.Thread):
    """Watches workers that were started by hand, which this process cannot replace."""

    def __init__(self, watchdog: Watchdog) -> None:
        super().__init__(name="watchdog", daemon=True)
        self.watchdog = watchdog
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(TICK_SECONDS):
            if not self.watchdog.check() and self.watchdog.is_due("complaint", COMPLAINT_SECONDS):
                log.error("no test message comes through, and no work is being done")
        connections.close_all()

    def announce_stop(self) -> None:
        self.watchdog.announce_stop()

    def end(self) -> None:
        self.is_over.set()
        self.join(5)
        self.watchdog.unregister()
        connections.close_all()
