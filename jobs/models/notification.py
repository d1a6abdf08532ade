"""E-mails to send and what became of them, notices on pages, and addresses no longer written to."""

from datetime import timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.db.models.functions.uuid import UUID4
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from candidates.models import Draft, Membership
from candidates.models.claims import (
    Claimable,
    ClaimQuerySet,
    claim_constraint,
    listed_constraint,
)

from .job import Job

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class NotificationKind(models.TextChoices):
    COMPLETED = "completed", _("ranking ready")
    FAILED = "failed", _("job failed")
    PAUSED = "paused", _("job paused")
    SHARED = "shared", _("draft shared")
    DIGEST = "digest", _("scheduled run: what has changed")
    UNSTARTED = "unstarted", _("scheduled run could not start")
    EXPIRING = "expiring", _("draft will be erased")


class EmailStatus(models.TextChoices):
    WAITING = "waiting", _("waiting to be sent")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("given up")


class NotificationQuerySet(ClaimQuerySet["Notification"]):
    WAITING = EmailStatus.WAITING
    CLAIMED = EmailStatus.SENDING

    def take(self, token: UUID, lease: timedelta) -> int:
        """Claim the one e-mail of this queryset, due or not, unless it is in another's hands."""
        free = Q(status=EmailStatus.WAITING) | Q(status=EmailStatus.SENDING, due_at__lte=Now())
        return self.filter(free).update(
            status=EmailStatus.SENDING,
            token=token,
            due_at=Now() + lease,
            attempts=F("attempts") + 1,
        )

    def mark_sent(self, token: UUID) -> int:
        return self.held(token).update(status=EmailStatus.SENT, token=None, sent_at=Now(), error="")

    def again(self) -> int:
        """Open those that are over once more, from the beginning."""
        over = self.filter(status__in=(EmailStatus.SENT, EmailStatus.FAILED))
        return over.update(status=EmailStatus.WAITING, attempts=0, sent_at=None, due_at=Now())

    def mark_failed(self, token: UUID, error: str) -> int:
        return self.held(token).update(status=EmailStatus.FAILED, token=None, error=error)


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
    kind = models.CharField(max_length=12, choices=NotificationKind)
    occasion = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="of those that come more than once: which time"
    )
    recipient = models.EmailField()
    status = models.CharField(
        max_length=12,
        choices=EmailStatus,
        default=EmailStatus.WAITING,
        db_default=EmailStatus.WAITING,
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
                condition=Q(status__in=[EmailStatus.WAITING, EmailStatus.SENDING]),
            ),
            models.Index(  # for what was sent in an hour
                name="notification_sent", fields=["sent_at"], condition=Q(sent_at__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="notification_once_for_each_occasion",
                fields=["job", "recipient", "kind", "occasion"],
            ),
            models.UniqueConstraint(name="notification_shared_once", fields=["membership"]),
            models.CheckConstraint(
                name="notification_about_one",
                condition=Q(
                    kind=NotificationKind.SHARED, job=None, draft=None, membership__isnull=False
                )
                | Q(kind=NotificationKind.EXPIRING, job=None, draft__isnull=False, membership=None)
                | (
                    ~Q(kind__in=[NotificationKind.SHARED, NotificationKind.EXPIRING])
                    & Q(job__isnull=False, draft=None, membership=None)
                ),
            ),
            listed_constraint("notification_status_listed", EmailStatus),
            listed_constraint("notification_kind_listed", NotificationKind, "kind"),
            claim_constraint("notification_token_while_sending", EmailStatus.SENDING),
            models.CheckConstraint(
                name="notification_sent_at_when_sent",
                condition=Q(status=EmailStatus.SENT, sent_at__isnull=False)
                | (~Q(status=EmailStatus.SENT) & Q(sent_at=None)),
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
    kind = models.CharField(max_length=12, choices=NotificationKind, editable=False)
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
            listed_constraint("notice_kind_listed", NotificationKind, "kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to user {self.user_id}"

    def get_absolute_url(self) -> str:
        """Where it leads: to the ranking that is ready, to the job that is not, to the draft."""
        if self.job is None:
            is_schedule = self.kind == NotificationKind.UNSTARTED
            return (self.draft.schedule if is_schedule else self.draft).get_absolute_url()
        about = (
            self.job
            if self.kind in (NotificationKind.FAILED, NotificationKind.PAUSED)
            else self.job.analysis
        )
        return about.get_absolute_url()


class EmailEventKind(models.TextChoices):
    """As anymail names them, for all providers."""

    QUEUED = "queued", _("taken by the provider")
    SENT = "sent", _("on its way")
    DELIVERED = "delivered", _("delivered")
    DEFERRED = "deferred", _("put off by the receiver")
    BOUNCED = "bounced", _("came back")
    COMPLAINED = "complained", _("marked as spam")
    REJECTED = "rejected", _("refused by the provider")
    FAILED = "failed", _("failed at the provider")


ENDS = (
    EmailEventKind.BOUNCED,
    EmailEventKind.COMPLAINED,
)  # after which an address is written to no more


class MailEvent(models.Model):
    """One thing that the provider told of one e-mail; the first is that it took it."""

    notification = models.ForeignKey(
        "jobs.Notification", models.DB_CASCADE, related_name="mail_events"
    )
    message_id = models.CharField(max_length=255, db_index=True, help_text="the provider's")
    event_id = models.CharField(max_length=255, help_text="the provider's; empty: our own")
    what = models.CharField(max_length=10, choices=EmailEventKind)
    detail = models.CharField(max_length=500, blank=True, db_default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="mail_event_once", fields=["notification", "message_id", "what", "event_id"]
            ),
            listed_constraint("mail_event_what_listed", EmailEventKind, "what"),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()} at {self.at:%Y-%m-%d %H:%M:%S}"


class BadAddressQuerySet(models.QuerySet["BadAddress"]):
    def for_address(self, address: str) -> "BadAddress | None":
        """Why nothing may be sent to this address; None where it may."""
        return self.filter(address__iexact=address).first()


class BadAddress(models.Model):
    address = models.EmailField()
    what = models.CharField(max_length=10, choices=[(one.value, one.label) for one in ENDS])
    detail = models.CharField(max_length=500, blank=True, db_default="")
    at = models.DateTimeField(db_default=Now())

    objects = BadAddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "bad addresses"
        ordering = ["-at", "-pk"]
        permissions = [("lift_badaddress", "Can let a bad address be written to again")]
        constraints = [
            models.UniqueConstraint(Lower("address"), name="bad_address_once"),
            models.CheckConstraint(
                name="bad_address_what_listed", condition=Q(what__in=[one.value for one in ENDS])
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def sentence(self) -> str:
        """Why nothing is sent there, and what to do."""
        told = {"address": self.address, "day": f"{self.at:%Y-%m-%d}"}
        if self.what == EmailEventKind.COMPLAINED:
            why = gettext("E-mail to %(address)s was marked as spam on %(day)s.") % told
        else:
            why = gettext("E-mail to %(address)s came back on %(day)s.") % told
        return f"{why} {gettext('Nothing is sent there until staff allow it again.')}"
