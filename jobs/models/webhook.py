"""Addresses that programs of others are told at, and what each was told: the webhooks' tables."""

import secrets
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from candidates.models.claims import (
    Claimable,
    ClaimQuerySet,
    claim_constraint,
    listed_constraint,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

SECRET = "whsec_"  # noqa: S105 (what each begins with)


class WebhookEvent(models.TextChoices):
    """What is told; the value is the `type` of the message."""

    COMPLETED = "run.completed", _("a ranking is ready")
    PARTLY = "run.partly_failed", _("a ranking is ready, with résumés that have no score")
    FAILED = "run.failed", _("a run has failed")
    PAUSED = "run.paused", _("a run has paused and waits for somebody")
    DIGEST = "schedule.digest", _("a scheduled run has changed a ranking")
    TEST = "test", _("a test")


TOLD = [one for one in WebhookEvent if one is not WebhookEvent.TEST]


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", _("waiting to be sent")
    SENDING = "sending", _("being sent")
    TAKEN = "taken", _("taken")
    FAILED = "failed", _("given up")


def new_secret() -> str:
    """As the specification Standard Webhooks has them: 24 random bytes."""
    return SECRET + b64encode(secrets.token_bytes(24)).decode()


def everything() -> list[str]:
    return [one.value for one in TOLD]


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(user=user.pk)

    def wanting(self, user_id: int, occasion: WebhookEvent) -> Self:
        return self.filter(user=user_id, off_at=None, occasions__contains=[occasion])

    def switch_off(self, reason: str = "") -> int:
        return self.filter(off_at=None).update(off_at=Now(), off_reason=reason)

    def switch_on(self) -> int:
        return self.filter(off_at__isnull=False).update(off_at=None, off_reason="")


class Webhook(models.Model):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="webhooks", editable=False
    )
    url = models.URLField(_("address"), max_length=500)
    secret = models.CharField(max_length=60, default=new_secret, editable=False)
    occasions = ArrayField(
        models.CharField(max_length=20, choices=WebhookEvent),
        default=everything,
        verbose_name=_("when"),
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    off_at = models.DateTimeField(null=True, blank=True, editable=False)
    off_reason = models.CharField(max_length=200, blank=True, db_default="", editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="webhook_once",
                fields=["user", "url"],
            ),
            models.CheckConstraint(
                name="webhook_reason_when_off", condition=Q(off_reason="") | Q(off_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.url

    def get_absolute_url(self) -> str:
        return reverse("jobs:webhook", args=[self.public_id])

    def occasion_labels(self) -> list[str]:
        return [str(one.label) for one in TOLD if one in self.occasions]


class DeliveryQuerySet(ClaimQuerySet["Delivery"]):
    WAITING = DeliveryStatus.WAITING
    CLAIMED = DeliveryStatus.SENDING

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(webhook__user=user.pk)

    def take(self, token: UUID, lease: timedelta) -> int:
        """Claim the one message of this queryset, due or not, unless it is in another's hands."""
        free = Q(status=DeliveryStatus.WAITING) | Q(
            status=DeliveryStatus.SENDING, due_at__lte=Now()
        )
        return self.filter(free).update(
            status=DeliveryStatus.SENDING,
            token=token,
            due_at=Now() + lease,
            attempts=F("attempts") + 1,
        )

    def close(self, token: UUID, status: DeliveryStatus) -> int:
        return self.held(token).update(status=status, token=None, done_at=Now())

    def again(self) -> int:
        """Open those that are over once more, from the beginning."""
        over = self.filter(status__in=(DeliveryStatus.TAKEN, DeliveryStatus.FAILED))
        return over.update(status=DeliveryStatus.WAITING, attempts=0, done_at=None, due_at=Now())


class Delivery(Claimable):
    """One message to one address. `answer` is the HTTP status that came last, if any came."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    webhook = models.ForeignKey(Webhook, models.DB_CASCADE, related_name="deliveries")
    job = models.ForeignKey(
        "jobs.Job",
        models.DB_CASCADE,
        null=True,
        related_name="+",
        help_text="empty: a test",
    )
    occasion = models.CharField(max_length=20, choices=WebhookEvent)
    number = models.PositiveSmallIntegerField(
        db_default=0, help_text="of those that come more than once: which time"
    )
    body = models.TextField(help_text="what is sent, to the letter")
    status = models.CharField(
        max_length=8,
        choices=DeliveryStatus,
        default=DeliveryStatus.WAITING,
        db_default=DeliveryStatus.WAITING,
    )
    answer = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.TextField(blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    tried_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["webhook", "-created_at"]),
            models.Index(fields=["created_at"]),
            models.Index(
                name="delivery_to_send",
                fields=["due_at"],
                condition=Q(status__in=[DeliveryStatus.WAITING, DeliveryStatus.SENDING]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="delivery_once_for_each_occasion",
                fields=["webhook", "job", "occasion", "number"],
            ),
            listed_constraint("delivery_status_listed", DeliveryStatus),
            listed_constraint("delivery_occasion_listed", WebhookEvent, "occasion"),
            claim_constraint("delivery_token_while_sending", DeliveryStatus.SENDING),
            models.CheckConstraint(
                name="delivery_done_at_when_over",
                condition=Q(
                    status__in=[DeliveryStatus.WAITING, DeliveryStatus.SENDING], done_at=None
                )
                | Q(
                    status__in=[DeliveryStatus.TAKEN, DeliveryStatus.FAILED], done_at__isnull=False
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.occasion} to webhook {self.webhook_id}"

    @property
    def is_over(self) -> bool:
        return self.status in (DeliveryStatus.TAKEN, DeliveryStatus.FAILED)
