"""Criteria that an engine suggests for a draft; a worker asks it, the manager edits and decides."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import FailureCode, Reason
from candidates.scoring.rubric import RubricCriterion

from .claims import MAX_ATTEMPTS, Claimable, ClaimQuerySet, claim_constraint
from .constraints import failure_code_constraint, listed_constraint
from .draft import Draft
from .reason import ErrorColumns, error_columns

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class SuggestionStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    WORKING = "working", _("being made")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


OPEN_SUGGESTION_STATUSES = (SuggestionStatus.WAITING, SuggestionStatus.WORKING)


class SuggestionQuerySet(ClaimQuerySet["Suggestion"]):
    WAITING = SuggestionStatus.WAITING
    CLAIMED = SuggestionStatus.WORKING

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(draft__in=Draft.objects.visible_to(user))

    def ready(self, token: UUID, criteria: list[dict[str, object]]) -> int:
        return self.held(token).update(
            status=SuggestionStatus.READY, token=None, criteria=criteria, done_at=Now()
        )

    def fail(self, token: UUID, error: Reason) -> int:
        return self.held(token).update(
            status=SuggestionStatus.FAILED, token=None, done_at=Now(), **error_columns(error)
        )

    def fail_exhausted(self) -> int:
        return self.exhausted().update(
            status=SuggestionStatus.FAILED,
            token=None,
            done_at=Now(),
            **error_columns(Reason(FailureCode.SUGGESTION_STOPPED_WORKER, {"times": MAX_ATTEMPTS})),
        )


class Suggestion(ErrorColumns, Claimable):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="suggestions")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="suggestions"
    )
    engine = models.CharField(max_length=20)
    model = models.CharField(max_length=200)
    status = models.CharField(
        max_length=8,
        choices=SuggestionStatus,
        default=SuggestionStatus.WAITING,
        db_default=SuggestionStatus.WAITING,
    )
    criteria = models.JSONField(default=list, db_default=[], blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    done_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["draft", "-created_at"]),
            models.Index(
                name="suggestion_to_make",
                fields=["due_at"],
                condition=Q(status__in=OPEN_SUGGESTION_STATUSES),
            ),
        ]
        constraints = [
            listed_constraint("suggestion_status_listed", SuggestionStatus),
            failure_code_constraint("suggestion_error_code_listed"),
            claim_constraint("suggestion_token_while_working", SuggestionStatus.WORKING),
            models.CheckConstraint(
                name="suggestion_done_at_when_over",
                condition=Q(status__in=OPEN_SUGGESTION_STATUSES, done_at=None)
                | (~Q(status__in=OPEN_SUGGESTION_STATUSES) & Q(done_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="suggestion_error_when_failed",
                condition=(Q(status=SuggestionStatus.FAILED) & ~Q(error_code=""))
                | (~Q(status=SuggestionStatus.FAILED) & Q(error_code="", error_params={})),
            ),
        ]

    def __str__(self) -> str:
        return f"suggestion {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_SUGGESTION_STATUSES

    def suggested(self) -> list[RubricCriterion]:
        return [RubricCriterion(**criterion) for criterion in self.criteria]
