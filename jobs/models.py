"""When and where work runs: jobs, the lanes that work on them, e-mails to send, workers alive."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from candidates.models import Analysis, Draft, Membership
from candidates.models.claims import (
    Claimable,
    ClaimQuerySet,
    claim_constraint,
    listed_constraint,
)

from .hooks import Delivery as Delivery
from .hooks import Webhook as Webhook

# Django finds models here.
from .incidents import Incident as Incident
from .kept import Purge as Purge
from .kept import Warned as Warned
from .mails import BadAddress as BadAddress
from .mails import MailEvent as MailEvent
from .periods import Period as Period
from .priority import PERMISSIONS, Priority
from .schedules import Schedule as Schedule
from .schedules import ScheduledRun as ScheduledRun
from .tallies import Tallied as Tallied
from .tallies import Tally as Tally

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Status(models.TextChoices):
    PENDING = "pending", _("waiting to start")
    PROCESSING = "processing", _("running")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


OPEN = (Status.PENDING, Status.PROCESSING)
OVER = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
COMES_FROM = {
    Status.PROCESSING: (Status.PENDING,),
    Status.COMPLETED: (Status.PROCESSING,),
    Status.FAILED: OPEN,
    Status.CANCELLED: OPEN,
}


class JobQuerySet(models.QuerySet["Job"]):
    """The only place where a status changes. Each verb returns how many rows it moved."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(analysis__draft__in=Draft.objects.visible_to(user))

    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def active(self) -> Self:
        """Open, and nobody has paused them: these want a lane."""
        return self.open().filter(paused_at=None)

    def pause(self, reason: str) -> int:
        """Let no lane go on with them; `reason` says why, and what to do before resuming."""
        return self.active().update(paused_at=Now(), pause_reason=reason, pauses=F("pauses") + 1)

    def resume(self) -> int:
        return self.open().filter(paused_at__isnull=False).update(paused_at=None, pause_reason="")

    def start(self) -> int:
        return self._move(Status.PROCESSING, started_at=Now())

    def complete(self) -> int:
        return self._move(Status.COMPLETED, completed_at=Now())

    def fail(self, error: str) -> int:
        return self._move(Status.FAILED, completed_at=Now(), error=error)

    def cancel(self) -> int:
        return self._move(Status.CANCELLED, completed_at=Now())

    def _move(self, to: Status, **also: Any) -> int:
        # One UPDATE: PostgreSQL locks the row, the loser of a race matches nothing.
        if to in OVER:
            also |= {"paused_at": None, "pause_reason": ""}
        return self.filter(status__in=COMES_FROM[to]).update(status=to, **also)


class Job(models.Model):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    analysis = models.ForeignKey(Analysis, models.DB_CASCADE, related_name="jobs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="jobs"
    )
    status = models.CharField(
        max_length=12, choices=Status, default=Status.PENDING, db_default=Status.PENDING
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
    error = models.TextField(blank=True, db_default="", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    ranked_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    pause_reason = models.TextField(blank=True, db_default="", editable=False)
    pauses = models.PositiveSmallIntegerField(db_default=0, editable=False)
    priority = models.SmallIntegerField(
        choices=Priority, default=Priority.NORMAL, db_default=Priority.NORMAL, editable=False
    )
    scheduled = models.BooleanField(default=False, db_default=False, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["-created_at"]),
            models.Index(fields=["completed_at"]),
            models.Index(name="job_open", fields=["created_at"], condition=Q(status__in=OPEN)),
            models.Index(
                name="job_failed", fields=["created_at"], condition=Q(status=Status.FAILED)
            ),
        ]
        permissions = PERMISSIONS
        constraints = [
            listed_constraint("job_status_listed", Status),
            listed_constraint("job_priority_listed", Priority, "priority"),
            models.UniqueConstraint(
                name="job_one_open_per_analysis",
                fields=["analysis"],
                condition=Q(status__in=OPEN),
                violation_error_message="This analysis is already running.",
            ),
            models.CheckConstraint(
                name="job_completed_when_over",
                condition=Q(status__in=OPEN, completed_at=None)
                | Q(status__in=OVER, completed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="job_started_when_processing",
                condition=Q(status=Status.PENDING, started_at=None)
                | Q(status__in=[Status.PROCESSING, Status.COMPLETED], started_at__isnull=False)
                | Q(status__in=[Status.FAILED, Status.CANCELLED]),
            ),
            models.CheckConstraint(
                name="job_paused_while_open",
                condition=Q(paused_at=None, pause_reason="")
                | (Q(status__in=OPEN, paused_at__isnull=False) & ~Q(pause_reason="")),
            ),
            models.CheckConstraint(
                name="job_error_when_failed",
                condition=(Q(status=Status.FAILED) & ~Q(error=""))
                | (~Q(status=Status.FAILED) & Q(error="")),
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.public_id}"

    def get_absolute_url(self) -> str:
        return reverse("jobs:job", args=[self.public_id])

    @property
    def took(self) -> timedelta | None:
        """From its start to its end; None before, and for a job that never started."""
        if self.started_at is None or self.completed_at is None:
            return None
        return self.completed_at - self.started_at

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None


class LaneQuerySet(models.QuerySet["Lane"]):
    LEASE = timedelta(seconds=15)

    def running(self) -> Self:
        """Lanes a worker is at, with a sign of life from it."""
        return self.filter(due_at__gt=Now(), started_at__isnull=False)

    def lost(self) -> Self:
        """Lanes whose worker has fallen silent."""
        return self.filter(due_at__lte=Now(), started_at__isnull=False)

    def enter(self, pk: int, token: UUID, worker: int | None, pid: int) -> int:
        """A worker takes the lane; 0 when another has it, or when it is gone."""
        free = Q(started_at=None) | Q(due_at__lte=Now())
        return self.filter(free, pk=pk).update(
            token=token, worker=worker, pid=pid, started_at=Now(), due_at=Now() + self.LEASE
        )

    def beat(self, pk: int, token: UUID, lease: timedelta | None = None) -> int:
        return self.filter(pk=pk, token=token).update(due_at=Now() + (lease or self.LEASE))


class Lane(models.Model):
    """One worker's turn at one job, or at reading one draft's new files.

    The row is written with the queue's message and goes when the turn is over, so that it can be
    told at any time whether somebody is at work, and whether anybody will be.
    """

    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="lanes")
    job = models.ForeignKey(
        Job,
        models.DB_CASCADE,
        null=True,
        blank=True,
        related_name="lanes",
        help_text="empty: reads files",
    )
    token = models.UUIDField(null=True, blank=True)
    worker = models.ForeignKey(
        "Heartbeat", models.DB_SET_NULL, null=True, blank=True, related_name="lanes"
    )
    pid = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(
        db_default=Now(), help_text="queued: since when; running: the end of the lease"
    )

    objects = LaneQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["job"]), models.Index(fields=["draft"])]
        constraints = [
            models.CheckConstraint(
                name="lane_token_while_running",
                condition=Q(token=None, started_at=None)
                | Q(token__isnull=False, started_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"lane {self.pk}"


class Halt(models.Model):
    """While there is one, no lane goes on, of any job: staff have halted the whole queue."""

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


class Kind(models.TextChoices):
    COMPLETED = "completed", _("ranking ready")
    FAILED = "failed", _("job failed")
    PAUSED = "paused", _("job paused")
    SHARED = "shared", _("draft shared")
    DIGEST = "digest", _("scheduled run: what has changed")
    UNSTARTED = "unstarted", _("scheduled run could not start")
    EXPIRING = "expiring", _("draft will be erased")


class Mail(models.TextChoices):
    WAITING = "waiting", _("waiting to be sent")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("given up")


class NotificationQuerySet(ClaimQuerySet["Notification"]):
    WAITING = Mail.WAITING
    CLAIMED = Mail.SENDING

    def take(self, token: UUID, lease: timedelta) -> int:
        """Claim the one e-mail of this queryset, due or not, unless it is in another's hands."""
        free = Q(status=Mail.WAITING) | Q(status=Mail.SENDING, due_at__lte=Now())
        return self.filter(free).update(
            status=Mail.SENDING, token=token, due_at=Now() + lease, attempts=F("attempts") + 1
        )

    def mark_sent(self, token: UUID) -> int:
        return self.held(token).update(status=Mail.SENT, token=None, sent_at=Now(), error="")

    def again(self) -> int:
        """Open those that are over once more, from the beginning."""
        over = self.filter(status__in=(Mail.SENT, Mail.FAILED))
        return over.update(status=Mail.WAITING, attempts=0, sent_at=None, due_at=Now())

    def mark_failed(self, token: UUID, error: str) -> int:
        return self.held(token).update(status=Mail.FAILED, token=None, error=error)


class Notification(Claimable):
    """One e-mail to one recipient about one job, or about a draft: the outbox."""

    public_id = models.UUIDField(
        unique=True, db_default=UUID4(), editable=False, help_text="makes the Message-ID"
    )
    job = models.ForeignKey(
        Job, models.DB_CASCADE, null=True, blank=True, related_name="notifications"
    )
    membership = models.ForeignKey(
        Membership, models.DB_CASCADE, null=True, blank=True, related_name="notifications"
    )
    draft = models.ForeignKey(Draft, models.DB_CASCADE, null=True, blank=True, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DB_CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="in whose language it is; empty: there is no such account",
    )
    kind = models.CharField(max_length=12, choices=Kind)
    occasion = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="of those that come more than once: which time"
    )
    recipient = models.EmailField()
    status = models.CharField(
        max_length=12, choices=Mail, default=Mail.WAITING, db_default=Mail.WAITING
    )
    error = models.TextField(blank=True, db_default="", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        permissions = [("resend_notification", "Can send an e-mail again")]
        indexes = [
            models.Index(
                name="notification_to_send",
                fields=["due_at"],
                condition=Q(status__in=[Mail.WAITING, Mail.SENDING]),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="notification_once_for_each_occasion",
                fields=["job", "recipient", "kind", "occasion"],
            ),
            models.UniqueConstraint(name="notification_shared_once", fields=["membership"]),
            models.CheckConstraint(
                name="notification_about_one",
                condition=Q(kind=Kind.SHARED, job=None, draft=None, membership__isnull=False)
                | Q(kind=Kind.EXPIRING, job=None, draft__isnull=False, membership=None)
                | (
                    ~Q(kind__in=[Kind.SHARED, Kind.EXPIRING])
                    & Q(job__isnull=False, draft=None, membership=None)
                ),
            ),
            listed_constraint("notification_status_listed", Mail),
            listed_constraint("notification_kind_listed", Kind, "kind"),
            claim_constraint("notification_token_while_sending", Mail.SENDING),
            models.CheckConstraint(
                name="notification_sent_at_when_sent",
                condition=Q(status=Mail.SENT, sent_at__isnull=False)
                | (~Q(status=Mail.SENT) & Q(sent_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.recipient}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Theirs, of drafts that they still may see."""
        return self.filter(user=user.pk, draft__in=Draft.objects.visible_to(user))

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def read(self) -> int:
        return self.unread().update(read_at=Now())


class Notice(models.Model):
    """One thing told to one user behind the bell."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="notices", editable=False
    )
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="notices", editable=False)
    job = models.ForeignKey(
        Job, models.DB_CASCADE, null=True, related_name="notices", editable=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+", editable=False
    )
    kind = models.CharField(max_length=12, choices=Kind, editable=False)
    occasion = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(null=True, editable=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["user", "-created_at"]),
            models.Index(name="notice_unread", fields=["user"], condition=Q(read_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(
                name="notice_once_for_each_occasion",
                fields=["user", "draft", "job", "kind", "occasion"],
                nulls_distinct=False,
            ),
            listed_constraint("notice_kind_listed", Kind, "kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to user {self.user_id}"

    def get_absolute_url(self) -> str:
        """Where it leads: to the ranking that is ready, to the job that is not, to the draft."""
        if self.job is None:
            is_schedule = self.kind == Kind.UNSTARTED
            return (self.draft.schedule if is_schedule else self.draft).get_absolute_url()
        about = self.job if self.kind in (Kind.FAILED, Kind.PAUSED) else self.job.analysis
        return about.get_absolute_url()


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    FRESH = timedelta(seconds=15)

    def alive(self) -> Self:
        """Supervisors seen lately whose cluster is known to take work."""
        at_work = Lane.objects.running().filter(worker=OuterRef("pk"))
        return self.filter(seen_at__gt=Now() - self.FRESH, stopping=False).filter(
            Q(canary_at__gt=Now() - self.FRESH) | Exists(at_work)
        )

    def workers(self) -> int:
        """How many worker processes are alive on all hosts together."""
        return int(self.alive().aggregate(n=Sum("workers", default=0))["n"])

    def sing(self) -> int:
        return self.update(canary_at=Now())


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
