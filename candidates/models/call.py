"""The ledger: every call to a model, written before it leaves and settled when its answer is here.

It is the only record of what was paid. A row that is still open belongs to a call in flight; one
that was never settled names a call of which it is not known whether it was answered.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now, TruncMonth
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import FailureCode

from .analysis import Analysis, Evaluation
from .claims import in_key_order
from .constraints import failure_code_constraint, listed_constraint
from .draft import Draft
from .reason import MAX_CODE_LENGTH

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class CallPurpose(models.TextChoices):
    SCORE = "score", _("scorecard")
    INSIGHT = "insight", _("insights")
    REPEAT = "repeat", _("scored again")
    SUGGEST = "suggest", _("criteria suggested")


class CallStatus(models.TextChoices):
    OPEN = "open", _("in flight")
    ANSWERED = "answered", _("answered")
    REFUSED = "refused", _("refused")
    FAILED = "failed", _("not delivered")
    UNKNOWN = "unknown", _("outcome unknown")


# What may have been charged though no answer was seen.
UNSETTLED_CALL_STATUSES = (CallStatus.OPEN, CallStatus.UNKNOWN)
# Calls that brought nothing.
FAILED_CALL_STATUSES = (CallStatus.REFUSED, CallStatus.FAILED, CallStatus.UNKNOWN)


class CallQuerySet(models.QuerySet["Call"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(owner=user.pk) if user.pk else self.none()

    def open(self) -> Self:
        return self.filter(status=CallStatus.OPEN)

    def usage(self) -> dict[str, Any]:
        """What these calls cost: `calls` that were answered, `unknown` ones, tokens, and `cost` in
        US dollars, None where a price is not known. One query."""
        return self.aggregate(
            calls=Count("pk", filter=Q(status=CallStatus.ANSWERED)),
            unknown=Count("pk", filter=Q(status__in=UNSETTLED_CALL_STATUSES)),
            prompt_tokens=Sum("prompt_tokens", default=0),
            completion_tokens=Sum("completion_tokens", default=0),
            cached_tokens=Sum("cached_tokens", default=0),
            cost=Sum("cost"),
        )

    def modes_and_models(self) -> list[tuple[str, str, int]]:
        """How answers were asked for, which model gave them, how many; most first. One query."""
        answered = self.filter(status=CallStatus.ANSWERED).order_by().values("mode", "answered_by")
        counted = answered.annotate(number=Count("pk")).order_by("-number", "mode", "answered_by")
        return list(counted.values_list("mode", "answered_by", "number"))

    def by_month(self) -> Any:
        """The same for every month with a call, the newest first; `month` is its first day."""
        return (
            self.order_by()
            .annotate(month=TruncMonth("created_at"))
            .values("month")
            .annotate(
                calls=Count("pk", filter=Q(status=CallStatus.ANSWERED)),
                prompt_tokens=Sum("prompt_tokens", default=0),
                completion_tokens=Sum("completion_tokens", default=0),
                cost=Sum("cost"),
            )
            .order_by("-month")
        )

    def settle(self, outcomes: list[dict[str, Any]]) -> int:
        """Write how calls ended; returns how many were still open. One statement, however many.

        Each has `id`, `status`, `prompt_tokens`, `completion_tokens`, `cached_tokens`, `estimated`,
        `cost`, `mode`, `answered_by`, `error_code` and `http_status`.
        """
        with connection.cursor() as cursor:
            cursor.execute(SETTLE_SQL, [in_key_order(outcomes)])
            return int(cursor.rowcount)

    def lose(self) -> int:
        """The workers of these calls are gone: how those that are open ended is unknown."""
        return self.open().update(
            status=CallStatus.UNKNOWN,
            settled_at=Now(),
            error_code=FailureCode.WORKER_ENDED,
        )


class Call(models.Model):
    """One request to a model. It outlives the résumé it was about: what was paid stays paid."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="calls", editable=False
    )
    draft = models.ForeignKey(
        Draft, models.DB_SET_NULL, null=True, blank=True, related_name="calls", editable=False
    )
    analysis = models.ForeignKey(
        Analysis, models.DB_SET_NULL, null=True, blank=True, related_name="calls", editable=False
    )
    evaluation = models.ForeignKey(
        Evaluation, models.DB_SET_NULL, null=True, blank=True, related_name="calls", editable=False
    )
    purpose = models.CharField(max_length=8, choices=CallPurpose)
    token = models.UUIDField(editable=False, help_text="of the turn in which it was made")
    model = models.CharField(max_length=200)
    status = models.CharField(
        max_length=8, choices=CallStatus, default=CallStatus.OPEN, db_default=CallStatus.OPEN
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    settled_at = models.DateTimeField(null=True, blank=True, editable=False)
    reserved_tokens = models.PositiveIntegerField(help_text="estimated before it left")
    prompt_tokens = models.PositiveIntegerField(db_default=0)
    completion_tokens = models.PositiveIntegerField(db_default=0)
    cached_tokens = models.PositiveIntegerField(db_default=0, help_text="of those of the prompt")
    estimated = models.BooleanField(db_default=False, help_text="the server did not say")
    cost = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="US dollars, by the price table of that day",
    )
    mode = models.CharField(
        max_length=12, blank=True, db_default="", help_text="how the answer was asked for"
    )
    answered_by = models.CharField(
        max_length=100, blank=True, db_default="", help_text="the model, by its own word"
    )
    error_code = models.CharField(
        max_length=MAX_CODE_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="what went wrong, or why the answer could not be used",
    )
    http_status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="what the server answered; empty: nothing came"
    )

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["owner", "created_at"]),
            models.Index(fields=["analysis", "created_at"]),
            models.Index(fields=["evaluation"]),
            models.Index(fields=["-settled_at"]),
            models.Index(name="call_open", fields=["token"], condition=Q(status=CallStatus.OPEN)),
            models.Index(
                name="call_troubled",
                fields=["created_at"],
                condition=Q(status__in=FAILED_CALL_STATUSES),
            ),
        ]
        constraints = [
            listed_constraint("call_status_listed", CallStatus),
            listed_constraint("call_purpose_listed", CallPurpose, "purpose"),
            failure_code_constraint("call_error_code_listed"),
            models.CheckConstraint(
                name="call_settled_when_over",
                condition=Q(status=CallStatus.OPEN, settled_at=None)
                | (~Q(status=CallStatus.OPEN) & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="call_error_when_failed",
                condition=Q(status=CallStatus.OPEN, error_code="")
                | Q(status=CallStatus.ANSWERED)
                | (Q(status__in=FAILED_CALL_STATUSES) & ~Q(error_code="")),
            ),
        ]

    def __str__(self) -> str:
        return f"call {self.pk}"


def price(cost: float | None) -> str | None:
    """US dollars as the ledger keeps them, in millionths; None stays None."""
    return None if cost is None else str(Decimal(str(cost)).quantize(Decimal("0.000001")))


SETTLE_SQL = """
UPDATE candidates_call AS c
SET status = o.status, settled_at = now(), prompt_tokens = o.prompt_tokens,
    completion_tokens = o.completion_tokens, cached_tokens = o.cached_tokens,
    estimated = o.estimated, cost = o.cost, mode = o.mode, answered_by = o.answered_by,
    error_code = o.error_code, http_status = o.http_status
FROM jsonb_to_recordset(%s::jsonb) AS o(
    id bigint, status text, prompt_tokens int, completion_tokens int, cached_tokens int,
    estimated boolean, cost numeric, mode text, answered_by text,
    error_code text, http_status int)
WHERE c.id = o.id AND c.status = 'open'
"""
