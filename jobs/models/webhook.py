"""Webhooks: addresses of other programs, and the messages sent to them."""

import secrets
from base64 import b64encode
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from candidates.models.constraints import listed_constraint

from .outgoing import OutgoingMessage, OutgoingQuerySet, outgoing_constraints, outgoing_index

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

SECRET_PREFIX = "whsec_"  # noqa: S105 (public: each secret begins with it)


class WebhookEvent(models.TextChoices):
    """What a message reports; the value is its `type`."""

    COMPLETED = "run.completed", _("a ranking is ready")
    PARTLY = "run.partly_failed", _("a ranking is ready, with résumés that have no score")
    FAILED = "run.failed", _("a run has failed")
    PAUSED = "run.paused", _("a run has paused and waits for somebody")
    DIGEST = "schedule.digest", _("a scheduled run has changed a ranking")
    TEST = "test", _("a test")


SUBSCRIBABLE_EVENTS = [event for event in WebhookEvent if event is not WebhookEvent.TEST]


class DisabledReason(models.TextChoices):
    """Why a webhook was switched off without its owner."""

    GONE = "gone", _("The server answered 410: it wants no more messages.")


def new_secret() -> str:
    """A signing secret of 24 random bytes, as the specification Standard Webhooks has them."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(24)).decode()


def subscribable_events() -> list[str]:
    """The default of a new webhook: every event."""
    return [event.value for event in SUBSCRIBABLE_EVENTS]


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(user=user.pk)

    def subscribed_to(self, event: WebhookEvent) -> Self:
        return self.filter(disabled_at=None, events__contains=[event])

    def disable(self, reason: DisabledReason | None = None) -> int:
        """Send nothing more; `reason` is None where the owner chose it."""
        enabled = self.filter(disabled_at=None)
        return enabled.update(disabled_at=Now(), disabled_reason=reason or "")

    def enable(self) -> int:
        disabled = self.filter(disabled_at__isnull=False)
        return disabled.update(disabled_at=None, disabled_reason="")


class Webhook(models.Model):
    """An address that receives the chosen events of one user; on while `disabled_at` is NULL."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="webhooks", editable=False
    )
    url = models.URLField(_("address"), max_length=500)
    secret = models.CharField(max_length=60, default=new_secret, editable=False)
    events = ArrayField(
        models.CharField(max_length=20, choices=WebhookEvent),
        default=subscribable_events,
        verbose_name=_("when"),
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(
        max_length=12,
        choices=DisabledReason,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="empty: the owner switched it off",
    )

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="webhook_once",
                fields=["user", "url"],
            ),
            models.CheckConstraint(
                name="webhook_disabled_reason_listed",
                condition=Q(disabled_reason="")
                | Q(disabled_reason__in=DisabledReason.values, disabled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.url

    def get_absolute_url(self) -> str:
        return reverse("jobs:webhook", args=[self.public_id])

    def event_labels(self) -> list[str]:
        return [str(event.label) for event in SUBSCRIBABLE_EVENTS if event in self.events]


class DeliveryQuerySet(OutgoingQuerySet["Delivery"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(webhook__user=user.pk)


class Delivery(OutgoingMessage):
    """One message to one webhook."""

    webhook = models.ForeignKey(Webhook, models.DB_CASCADE, related_name="deliveries")
    job = models.ForeignKey(
        "jobs.Job",
        models.DB_CASCADE,
        null=True,
        related_name="+",
        help_text="empty: a test",
    )
    kind = models.CharField(max_length=20, choices=WebhookEvent)
    body = models.TextField(help_text="what is sent, to the letter")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["webhook", "-created_at"]),
            models.Index(fields=["created_at"]),
            outgoing_index("delivery"),
        ]
        constraints = [
            *outgoing_constraints("delivery"),
            models.UniqueConstraint(
                name="delivery_once_for_each_occasion",
                fields=["webhook", "job", "kind", "occasion"],
            ),
            listed_constraint("delivery_kind_listed", WebhookEvent, "kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to webhook {self.webhook_id}"
