"""Hosts that work: their signs of life, and what died on them and was replaced."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Sum, When
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import IncidentCode, Reason
from candidates.models.constraints import listed_constraint
from candidates.models.reason import MAX_CODE_LENGTH, reason_of

from .lane import Lane

HEARTBEAT_SECONDS = 2.0  # between two signs of life
CANARY_SECONDS = 5.0  # between two test messages; after three missed ones the workers are replaced
INCIDENTS_KEPT = timedelta(days=7)


class IncidentKind(models.TextChoices):
    PROCESS = "process", _("a process of the workers died")
    WORKERS = "workers", _("all workers were replaced")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def delete_expired(self) -> None:
        self.filter(occurred_at__lt=Now() - INCIDENTS_KEPT).delete()


class Incident(models.Model):
    """The death of a process. The host that saw it writes the row, which is kept for a week."""

    host = models.CharField(max_length=255)
    heartbeat = models.PositiveBigIntegerField(help_text="id of the supervisor's sign of life")
    kind = models.CharField(max_length=8, choices=IncidentKind)
    reason_code = models.CharField(max_length=MAX_CODE_LENGTH, editable=False)
    reason_params = models.JSONField(blank=True, db_default={}, default=dict, editable=False)
    occurred_at = models.DateTimeField(db_default=Now())

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-occurred_at", "-pk"]
        indexes = [models.Index(fields=["-occurred_at"])]
        constraints = [
            listed_constraint("incident_kind_listed", IncidentKind, "kind"),
            listed_constraint("incident_reason_code_listed", IncidentCode, "reason_code"),
        ]

    def __str__(self) -> str:
        return f"{self.host}: {self.get_kind_display()}"

    @property
    def reason(self) -> Reason | None:
        """What died or why; None before a code is given."""
        return reason_of(self.reason_code, self.reason_params, IncidentCode)


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Which hosts are alive, silent or wedged: every page, metric, check and rule asks here.

    A supervisor writes `seen_at` every two seconds, and a test message (canary) that comes through
    queue, worker and database writes `canary_at` about every five. From both follows one state:

    - *silent*: no sign of life for SILENT_AFTER. The documents promise that a silent host is named
      within 15 seconds, and pages refresh every 5, so it is 8 and not more.
    - *alive*: seen, not stopping, and proven to take work: its last test message is not late, or
      a lane or a running task keeps its workers busy, or did a moment ago.
    - *starting*: seen, and too young to have proven anything, or replaced a moment ago.
    - *wedged*: seen, not stopping, and neither alive nor starting: it looks alive and takes no
      work. The supervisor replaces such workers after three missed test messages.

    All times are the database's.
    """

    SILENT_AFTER = timedelta(seconds=8)
    # What such a host's workers have in hand is given to others. Later than it is called silent:
    # a message that was taken away too early would be worked on twice.
    LOST_AFTER = timedelta(seconds=30)
    MISSED_FOR = timedelta(minutes=10)  # a silent host is shown, and named as missing
    FORGOTTEN_AFTER = timedelta(days=1)
    CANARY_LATE_AFTER = timedelta(seconds=2 * CANARY_SECONDS + 1)
    START_ALLOWED = timedelta(seconds=30)  # for the first test message of new workers

    def visible(self) -> Self:
        """Hosts with a recent sign of life."""
        return self.filter(self._is_visible())

    def silent(self) -> Self:
        return self.exclude(self._is_visible())

    def alive(self) -> Self:
        """Hosts that are known to take work."""
        return self.visible().filter(self._takes_work(), stopping=False)

    def wedged(self) -> Self:
        """Hosts that look alive and take no work."""
        return self.visible().filter(stopping=False).exclude(self._takes_work() | self._starts())

    def with_state(self) -> Self:
        """Each with `is_visible`, `is_alive`, `is_wedged` and `is_canary_late`."""
        looks_alive = self._is_visible() & Q(stopping=False)
        return self.annotate(
            is_visible=self._is_visible(),
            is_alive=looks_alive & self._takes_work(),
            is_wedged=looks_alive & ~self._takes_work() & ~self._starts(),
            is_canary_late=Q(canary_at=None) | ~self._has_fresh_canary(),
        )

    def with_canary_age(self) -> Self:
        """Each with `canary_age`, the time since its last test message, or since its start."""
        return self.annotate(canary_age=Now() - Coalesce("canary_at", "started_at"))

    def seen_within(self, length: timedelta) -> Self:
        return self.filter(seen_at__gt=Now() - length)

    def workers(self) -> int:
        """How many worker processes are alive on all hosts together."""
        return int(self.alive().aggregate(n=Sum("workers", default=0))["n"])

    def note_life(self) -> int:
        """Write the sign of life, and whether workers have work in hand."""
        busy_at = Case(When(self._is_busy(), then=Now()), default=F("busy_at"))
        return self.update(seen_at=Now(), busy_at=busy_at)

    def record_canary(self) -> int:
        return self.update(canary_at=Now())

    def delete_forgotten(self) -> None:
        self.filter(seen_at__lt=Now() - self.FORGOTTEN_AFTER).delete()

    def _is_visible(self) -> Q:
        return Q(seen_at__gt=Now() - self.SILENT_AFTER)

    def _has_fresh_canary(self) -> Q:
        return Q(canary_at__gt=Now() - self.CANARY_LATE_AFTER)

    def _takes_work(self) -> Q:
        # A worker that was at work a moment ago may not have come to the test message yet.
        was_busy = Q(busy_at__gt=Now() - self.CANARY_LATE_AFTER)
        return self._has_fresh_canary() | self._is_busy() | was_busy

    def _is_busy(self) -> Q:
        return Q(Exists(Lane.objects.running().filter(worker=OuterRef("pk")))) | Q(
            Exists(RunningTask.objects.running().filter(worker=OuterRef("pk")))
        )

    def _starts(self) -> Q:
        lately = Now() - self.START_ALLOWED
        replaced = Incident.objects.filter(
            heartbeat=OuterRef("pk"), kind=IncidentKind.WORKERS, occurred_at__gt=lately
        )
        return Q(canary_at=None, started_at__gt=lately) | Q(Exists(replaced))


class Heartbeat(models.Model):
    """The sign of life of one supervisor and of the cluster it runs."""

    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    workers = models.PositiveSmallIntegerField(help_text="worker processes")
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    canary_at = models.DateTimeField(
        null=True, blank=True, help_text="when a test message last came through the whole path"
    )
    busy_at = models.DateTimeField(
        null=True, blank=True, help_text="when a worker last had work in hand"
    )
    restarts = models.PositiveIntegerField(db_default=0, help_text="of the cluster")
    stopping = models.BooleanField(db_default=False, help_text="its lanes hand over")
    draining = models.BooleanField(db_default=False, help_text="staff told it to take no work")

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        ordering = ["-seen_at"]
        permissions = [("drain_heartbeat", "Can drain hosts")]
        indexes = [models.Index(fields=["seen_at"])]

    def __str__(self) -> str:
        return f"{self.host} ({self.pid})"

    @property
    def is_busy(self) -> bool:
        """Whether a worker has work in hand that keeps the test message waiting. Two queries."""
        return self.lanes.running().exists() or self.running_tasks.running().exists()


class RunningTaskQuerySet(models.QuerySet["RunningTask"]):
    def running(self) -> Self:
        """Tasks in a worker's hands that may still take time."""
        return self.filter(due_at__gt=Now())

    @contextmanager
    def record(self, name: str, limit: timedelta) -> Iterator[None]:
        """Have a row while a task runs in this process, for `limit` at the longest; none where no
        supervisor watches the process. Three short queries."""
        worker = int(os.environ.get("EVALUATOR_SUPERVISOR", "0"))
        # The supervisor's row is missing for a moment after a long sleep of the host.
        if not worker or not Heartbeat.objects.filter(pk=worker).exists():
            yield
            return
        row = self.create(worker_id=worker, pid=os.getpid(), name=name, due_at=Now() + limit)
        try:
            yield
        finally:
            self.filter(pk=row.pk).delete()


class RunningTask(models.Model):
    """A task other than a lane that a worker has in hand: its host is at work meanwhile, also when
    no test message comes through. The row is deleted at the end of the task.
    """

    worker = models.ForeignKey(Heartbeat, models.DB_CASCADE, related_name="running_tasks")
    pid = models.PositiveIntegerField()
    name = models.CharField(max_length=40, help_text="of the function in jobs.tasks")
    started_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(help_text="until when it may take at the longest")

    objects = RunningTaskQuerySet.as_manager()

    class Meta:
        ordering = ["started_at", "pk"]

    def __str__(self) -> str:
        return f"{self.name} in process {self.pid}"
