"""The columns and verbs that e-mails and webhook messages share while they wait to be sent."""

from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import DeliveryCode, Reason
from candidates.models.claims import Claimable, ClaimQuerySet, claim_constraint
from candidates.models.constraints import listed_constraint
from candidates.models.reason import ErrorColumns, error_columns


class OutgoingStatus(models.TextChoices):
    WAITING = "waiting", _("waiting to be sent")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("given up")


OPEN_OUTGOING_STATUSES = (OutgoingStatus.WAITING, OutgoingStatus.SENDING)
CLOSED_OUTGOING_STATUSES = (OutgoingStatus.SENT, OutgoingStatus.FAILED)


class OutgoingMessage(ErrorColumns, Claimable):
    """One message to one recipient.

    Of the last attempt there are `error`, and `http_status` where an answer came.
    """

    error_codes = DeliveryCode

    public_id = models.UUIDField(
        unique=True,
        db_default=UUID4(),
        editable=False,
        help_text="the same for each attempt, so that the receiver can recognise a repetition",
    )
    occasion = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="of a kind that comes more than once: which time"
    )
    status = models.CharField(
        max_length=12,
        choices=OutgoingStatus,
        default=OutgoingStatus.WAITING,
        db_default=OutgoingStatus.WAITING,
    )
    http_status = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def is_closed(self) -> bool:
        return self.status in CLOSED_OUTGOING_STATUSES


class OutgoingQuerySet[Message: OutgoingMessage](ClaimQuerySet[Message]):
    """The only place where the status of an outgoing message changes."""

    WAITING = OutgoingStatus.WAITING
    CLAIMED = OutgoingStatus.SENDING

    def closed(self) -> Self:
        return self.filter(status__in=CLOSED_OUTGOING_STATUSES)

    def claim_unless_held(self, token: UUID, lease: timedelta) -> int:
        """Claim the messages, due or not, but for those that another worker is sending."""
        free = Q(status=OutgoingStatus.WAITING) | Q(
            status=OutgoingStatus.SENDING, due_at__lte=Now()
        )
        return self.filter(free).update(
            status=OutgoingStatus.SENDING,
            token=token,
            due_at=Now() + lease,
            attempts=F("attempts") + 1,
        )

    def mark_sent(self, token: UUID, *, http_status: int | None = None) -> int:
        return self.held(token).update(
            status=OutgoingStatus.SENT,
            token=None,
            http_status=http_status,
            **error_columns(None),
            tried_at=Now(),
            sent_at=Now(),
        )

    def mark_failed(self, token: UUID, error: Reason, *, http_status: int | None = None) -> int:
        return self.held(token).update(
            status=OutgoingStatus.FAILED,
            token=None,
            http_status=http_status,
            **error_columns(error),
            tried_at=Now(),
        )

    def retry_later(
        self, token: UUID, delay: timedelta, error: Reason, *, http_status: int | None = None
    ) -> int:
        """Return what `token` holds for another attempt after `delay`; the attempt counts."""
        return self.held(token).update(
            status=OutgoingStatus.WAITING,
            token=None,
            due_at=Now() + delay,
            http_status=http_status,
            **error_columns(error),
            tried_at=Now(),
        )

    def reopen(self) -> int:
        """Let closed messages be sent once more, with all their attempts."""
        return self.closed().update(
            status=OutgoingStatus.WAITING, attempts=0, sent_at=None, due_at=Now()
        )

    def requeue_due(self, limit: int, delay: timedelta) -> list[int]:
        """Put off up to `limit` due messages by `delay`; returns their ids, for the queue.

        A message past its lease is among them: its sender is dead, and the next may claim it.
        """
        due = self.due().select_for_update(skip_locked=True)
        ids = list(due.values_list("pk", flat=True)[:limit])
        self.model._default_manager.filter(pk__in=ids).update(
            status=OutgoingStatus.WAITING, token=None, due_at=Now() + delay
        )
        return ids


def outgoing_constraints(name: str) -> list[Any]:
    """The constraints of OutgoingMessage for the table `name`."""
    return [
        listed_constraint(f"{name}_status_listed", OutgoingStatus),
        listed_constraint(f"{name}_error_code_listed", DeliveryCode, "error_code", blank=True),
        claim_constraint(f"{name}_token_while_sending", OutgoingStatus.SENDING),
        models.CheckConstraint(
            name=f"{name}_sent_at_when_sent",
            condition=Q(status=OutgoingStatus.SENT, sent_at__isnull=False)
            | (~Q(status=OutgoingStatus.SENT) & Q(sent_at=None)),
        ),
    ]


def outgoing_index(name: str) -> models.Index:
    """The index that finds the open messages of the table `name`."""
    return models.Index(
        name=f"{name}_to_send",
        fields=["due_at"],
        condition=Q(status__in=OPEN_OUTGOING_STATUSES),
    )
