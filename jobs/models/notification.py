"""E-mails and what became of them, notices on pages, and addresses no longer written to."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.db.models.functions.uuid import UUID4
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import DeliveryCode, Reason
from candidates.models import Draft, Membership
from candidates.models.constraints import listed_constraint

from .job import Job
from .outgoing import OutgoingMessage, OutgoingQuerySet, outgoing_constraints, outgoing_index

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


class NotificationQuerySet(OutgoingQuerySet["Notification"]):
    pass


class Notification(OutgoingMessage):
    """One e-mail to one recipient about one job, one invitation or one draft."""

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
    recipient = models.EmailField()

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        permissions = [("resend_notification", "Can send an e-mail again")]
        indexes = [
            outgoing_index("notification"),
            models.Index(  # for what was sent in an hour
                name="notification_sent", fields=["sent_at"], condition=Q(sent_at__isnull=False)
            ),
        ]
        constraints = [
            *outgoing_constraints("notification"),
            models.UniqueConstraint(
                name="notification_once_for_each_occasion",
                fields=["job", "recipient", "kind", "occasion"],
            ),
            models.UniqueConstraint(name="notification_shared_once", fields=["membership"]),
            models.CheckConstraint(
                name="notification_about_its_subject",
                condition=Q(
                    kind=NotificationKind.SHARED, job=None, draft=None, membership__isnull=False
                )
                | Q(kind=NotificationKind.EXPIRING, job=None, draft__isnull=False, membership=None)
                | (
                    ~Q(kind__in=[NotificationKind.SHARED, NotificationKind.EXPIRING])
                    & Q(job__isnull=False, draft=None, membership=None)
                ),
            ),
            listed_constraint("notification_kind_listed", NotificationKind, "kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.recipient}"

    @property
    def about_draft(self) -> Draft:
        """The draft that the e-mail is about, directly or through a job or an invitation."""
        if self.job is not None:
            return self.job.analysis.draft
        if self.membership is not None:
            return self.membership.draft
        assert self.draft is not None  # noqa: S101 (a constraint of the table)
        return self.draft


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """The notices of `user`, but for those of drafts that they may no longer see."""
        return self.filter(user=user.pk, draft__in=Draft.objects.visible_to(user))

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def mark_read(self) -> int:
        return self.unread().update(read_at=Now())


class Notice(models.Model):
    """One entry in the list of notices of one user."""

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
        """The page the notice is about: the ranking, the job, the schedule or the draft."""
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
    """What became of an e-mail; the values are anymail's names, the same for all providers."""

    QUEUED = "queued", _("taken by the provider")
    SENT = "sent", _("on its way")
    DELIVERED = "delivered", _("delivered")
    DEFERRED = "deferred", _("put off by the receiver")
    BOUNCED = "bounced", _("came back")
    COMPLAINED = "complained", _("marked as spam")
    REJECTED = "rejected", _("refused by the provider")
    FAILED = "failed", _("failed at the provider")


# An address with one of these is no longer written to.
BAD_ADDRESS_KINDS = (EmailEventKind.BOUNCED, EmailEventKind.COMPLAINED)


class MailEvent(models.Model):
    """What the provider reports about one e-mail; the first report is that it accepted it."""

    notification = models.ForeignKey(
        "jobs.Notification", models.DB_CASCADE, related_name="mail_events"
    )
    message_id = models.CharField(max_length=255, db_index=True, help_text="the provider's")
    event_id = models.CharField(
        max_length=255, help_text="the provider's; empty: recorded when it was sent"
    )
    kind = models.CharField(max_length=10, choices=EmailEventKind)
    detail = models.CharField(max_length=500, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="mail_event_once", fields=["notification", "message_id", "kind", "event_id"]
            ),
            listed_constraint("mail_event_kind_listed", EmailEventKind, "kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.created_at:%Y-%m-%d %H:%M:%S}"


class BadAddressQuerySet(models.QuerySet["BadAddress"]):
    def for_address(self, address: str) -> "BadAddress | None":
        """The reason why nothing may be sent to `address`; None where it may."""
        return self.filter(address__iexact=address).first()


class BadAddress(models.Model):
    """An address that bounced or complained, and is not written to until staff delete the row."""

    address = models.EmailField()
    kind = models.CharField(
        max_length=10, choices=[(kind.value, kind.label) for kind in BAD_ADDRESS_KINDS]
    )
    detail = models.CharField(max_length=500, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    objects = BadAddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "bad addresses"
        ordering = ["-created_at", "-pk"]
        permissions = [("lift_badaddress", "Can let a bad address be written to again")]
        constraints = [
            models.UniqueConstraint(Lower("address"), name="bad_address_once"),
            models.CheckConstraint(
                name="bad_address_kind_listed",
                condition=Q(kind__in=[kind.value for kind in BAD_ADDRESS_KINDS]),
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def sentence(self) -> str:
        """Why nothing is sent to the address, and what to do, in the language of the reader."""
        params = {"address": self.address, "day": date_format(self.created_at)}
        if self.kind == EmailEventKind.COMPLAINED:
            reason = gettext("E-mail to %(address)s was marked as spam on %(day)s.") % params
        else:
            reason = gettext("E-mail to %(address)s came back on %(day)s.") % params
        remedy = gettext("Nothing is sent there until staff allow it again.")
        return f"{reason} {remedy}"

    @property
    def reason(self) -> Reason:
        """The same as a value, for the e-mails that are not sent; it does not hold the address."""
        is_complaint = self.kind == EmailEventKind.COMPLAINED
        code = DeliveryCode.ADDRESS_COMPLAINED if is_complaint else DeliveryCode.ADDRESS_BOUNCED
        return Reason(code, {"day": f"{self.created_at:%Y-%m-%d}"})
