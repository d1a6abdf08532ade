"""Jobs, the lanes that work on them, and the halt of the whole queue."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import Reason
from candidates.models import Analysis, Draft
from candidates.models.constraints import failure_code_constraint, listed_constraint
from candidates.models.reason import (
    MAX_CODE_LENGTH,
    ErrorColumns,
    columns,
    error_columns,
    reason_of,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# What staff may do with a job; each is a permission of its own.
PERMISSIONS = (
    ("cancel_job", "Can cancel jobs"),
    ("pause_job", "Can pause and resume jobs"),
    ("retry_job", "Can retry jobs"),
    ("requeue_job", "Can send jobs to the queue again"),
    ("prioritise_job", "Can raise and lower the priority of jobs"),
    ("clear_evaluation", "Can take out résumés that stop the workers"),
)


class Priority(models.IntegerChoices):
    LOW = -1, _("low")
    NORMAL = 0, _("normal")
    HIGH = 1, _("high")


class JobStatus(models.TextChoices):
    PENDING = "pending", _("waiting to start")
    PROCESSING = "processing", _("running")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


OPEN_JOB_STATUSES = (JobStatus.PENDING, JobStatus.PROCESSING)
FINISHED_JOB_STATUSES = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
JOB_TRANSITIONS = {
    JobStatus.PROCESSING: (JobStatus.PENDING,),
    JobStatus.COMPLETED: (JobStatus.PROCESSING,),
    JobStatus.FAILED: OPEN_JOB_STATUSES,
    JobStatus.CANCELLED: OPEN_JOB_STATUSES,
}


NOT_PAUSED: dict[str, Any] = {"paused_at": None, **columns("pause", None)}


class JobQuerySet(models.QuerySet["Job"]):
    """The only place where a status changes. Each verb returns how many rows it moved."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(analysis__draft__in=Draft.objects.visible_to(user))

    def open(self) -> Self:
        return self.filter(status__in=OPEN_JOB_STATUSES)

    def active(self) -> Self:
        """Open jobs that are not paused: they need a lane."""
        return self.open().filter(paused_at=None)

    def pause(self, reason: Reason) -> int:
        """Stop their lanes; `reason` says why, and what to do before resuming."""
        paused = {"paused_at": Now(), "pauses": F("pauses") + 1, **columns("pause", reason)}
        return self.active().update(**paused)

    def resume(self) -> int:
        return self.open().filter(paused_at__isnull=False).update(**NOT_PAUSED)

    def start(self) -> int:
        return self._move(JobStatus.PROCESSING, started_at=Now())

    def complete(self) -> int:
        return self._move(JobStatus.COMPLETED, completed_at=Now())

    def fail(self, error: Reason) -> int:
        return self._move(JobStatus.FAILED, completed_at=Now(), **error_columns(error))

    def cancel(self) -> int:
        return self._move(JobStatus.CANCELLED, completed_at=Now())

    def _move(self, to: JobStatus, **also: Any) -> int:
        # One UPDATE: PostgreSQL locks the row, the loser of a race matches nothing.
        if to in FINISHED_JOB_STATUSES:
            also |= NOT_PAUSED
        return self.filter(status__in=JOB_TRANSITIONS[to]).update(status=to, **also)


class Job(ErrorColumns):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    analysis = models.ForeignKey(Analysis, models.DB_CASCADE, related_name="jobs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="jobs"
    )
    status = models.CharField(
        max_length=12, choices=JobStatus, default=JobStatus.PENDING, db_default=JobStatus.PENDING
    )
    key = models.UUIDField(
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text="of the form that asked for it: one press, one job",
    )
    other_keys = ArrayField(
        models.UUIDField(),
        default=list,
        db_default=[],
        editable=False,
        help_text="of forms that were sent while it was under way, and led to it",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    ranked_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    pause_code = models.CharField(
        max_length=MAX_CODE_LENGTH, blank=True, default="", db_default="", editable=False
    )
    pause_params = models.JSONField(blank=True, default=dict, db_default={}, editable=False)
    pauses = models.PositiveSmallIntegerField(db_default=0, editable=False)
    priority = models.SmallIntegerField(
        choices=Priority, default=Priority.NORMAL, db_default=Priority.NORMAL, editable=False
    )
    tokens_before = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="of the analysis, by earlier jobs"
    )
    scheduled = models.BooleanField(default=False, db_default=False, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["-created_at"]),
            models.Index(fields=["completed_at"]),
            models.Index(
                name="job_open", fields=["created_at"], condition=Q(status__in=OPEN_JOB_STATUSES)
            ),
            models.Index(
                name="job_failed", fields=["created_at"], condition=Q(status=JobStatus.FAILED)
            ),
        ]
        permissions = PERMISSIONS
        constraints = [
            listed_constraint("job_status_listed", JobStatus),
            listed_constraint("job_priority_listed", Priority, "priority"),
            failure_code_constraint("job_error_code_listed"),
            failure_code_constraint("job_pause_code_listed", "pause_code"),
            models.UniqueConstraint(
                name="job_one_open_per_analysis",
                fields=["analysis"],
                condition=Q(status__in=OPEN_JOB_STATUSES),
                violation_error_message="This analysis is already running.",
            ),
            models.CheckConstraint(
                name="job_completed_when_over",
                condition=Q(status__in=OPEN_JOB_STATUSES, completed_at=None)
                | Q(status__in=FINISHED_JOB_STATUSES, completed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="job_started_when_processing",
                condition=Q(status=JobStatus.PENDING, started_at=None)
                | Q(
                    status__in=[JobStatus.PROCESSING, JobStatus.COMPLETED], started_at__isnull=False
                )
                | Q(status__in=[JobStatus.FAILED, JobStatus.CANCELLED]),
            ),
            models.CheckConstraint(
                name="job_paused_while_open",
                condition=Q(paused_at=None, pause_code="", pause_params={})
                | (Q(status__in=OPEN_JOB_STATUSES, paused_at__isnull=False) & ~Q(pause_code="")),
            ),
            models.CheckConstraint(
                name="job_error_when_failed",
                condition=(Q(status=JobStatus.FAILED) & ~Q(error_code=""))
                | (~Q(status=JobStatus.FAILED) & Q(error_code="", error_params={})),
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.public_id}"

    def get_absolute_url(self) -> str:
        return reverse("jobs:job", args=[self.public_id])

    @property
    def took(self) -> timedelta | None:
        """From its start to its end; None before, and for a job that has never started."""
        if self.started_at is None or self.completed_at is None:
            return None
        return self.completed_at - self.started_at

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_JOB_STATUSES

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def pause_reason(self) -> Reason | None:
        return reason_of(self.pause_code, self.pause_params)


class Halt(models.Model):
    """Staff have halted the whole queue: while there is one, no lane of any job goes on."""

    at = models.DateTimeField(db_default=Now(), editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, blank=True, editable=False
    )
    reason = models.CharField(max_length=200, help_text="shown to everybody whose job waits")
    only = models.BooleanField(default=True, db_default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(name="halt_only_one", condition=Q(only=True))]

    def __str__(self) -> str:
        return self.reason
