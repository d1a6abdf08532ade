"""Follow-ups: what is asked about a candidate after the ranking, insights or a second scoring."""

import math
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models import F, FloatField, Q, Sum
from django.db.models.functions import Cast, Now, Power
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import FailureCode, Reason

from .analysis import Analysis, Evaluation, EvaluationStatus
from .claims import (
    MAX_ATTEMPTS,
    Claimable,
    ClaimQuerySet,
    claim_constraint,
    claim_indexes,
    in_key_order,
)
from .constraints import failure_code_constraint, listed_constraint
from .reason import ErrorColumns, error_columns


class FollowUpKind(models.TextChoices):
    INSIGHT = "insight", _("insights")
    REPEAT = "repeat", _("scored again")


class FollowUpStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    WORKING = "working", _("in a worker's hands")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


OPEN_FOLLOW_UP_STATUSES = (FollowUpStatus.WAITING, FollowUpStatus.WORKING)
REPEATED_SHARE = 0.05  # of the scored that is scored again
MIN_REPEATED = 8  # fewer say nothing about how far repetitions lie apart


def to_repeat(scored: int) -> int:
    """How many second scorings are asked for where so many résumés are scored, perhaps more than
    there are."""
    return max(MIN_REPEATED, math.ceil(REPEATED_SHARE * scored))


class FollowUpQuerySet(ClaimQuerySet["FollowUp"]):
    WAITING = FollowUpStatus.WAITING
    CLAIMED = FollowUpStatus.WORKING

    def enrol(self, analysis: Analysis, kind: FollowUpKind, evaluations: list[int]) -> None:
        """Ask for `kind` about these, unless it was asked before. One statement."""
        self.bulk_create(
            [FollowUp(analysis=analysis, kind=kind, evaluation_id=pk) for pk in evaluations],
            ignore_conflicts=True,
        )

    def draw(self, analysis: Analysis) -> list[int]:
        """A random twentieth of the scored, for a second scoring; returns their ids, never of those
        that were drawn before."""
        scored = analysis.evaluations.filter(status=EvaluationStatus.SCORED)
        number = to_repeat(scored.count())
        fresh = scored.exclude(followups__kind=FollowUpKind.REPEAT)
        return list(fresh.order_by("?").values_list("pk", flat=True)[:number])

    def answer(self, token: UUID, answers: list[dict[str, Any]]) -> int:
        """Write answers for the rows that `token` still holds; returns how many.

        Each answer has `id`, `status`, `score`, `result`, `error_code` and `error_params`. One
        statement.
        """
        with connection.cursor() as cursor:
            cursor.execute(WRITE_RESULTS_SQL, [in_key_order(answers), token])
            return int(cursor.rowcount)

    def reopen_failed(self) -> int:
        return self.filter(status=FollowUpStatus.FAILED).update(
            status=FollowUpStatus.WAITING,
            done_at=None,
            attempts=0,
            deferrals=0,
            due_at=Now(),
            **error_columns(None),
        )

    def fail_exhausted(self) -> int:
        return self.exhausted().update(
            status=FollowUpStatus.FAILED,
            token=None,
            done_at=Now(),
            **error_columns(Reason(FailureCode.FOLLOW_UP_STOPPED_WORKER, {"times": MAX_ATTEMPTS})),
        )

    def repeat_error(self) -> tuple[float, int] | None:
        """How far two scorings of the same résumé lie apart: the standard deviation of the overall
        score, and of how many résumés that is known; None when of none. One query.

        From pairs: the root of the mean of half the squared differences (Dahlberg 1940).
        """
        return self.repeats()[0]

    def repeats(self) -> tuple[tuple[float, int] | None, int]:
        """The `repeat_error`, and how many second scorings are still to come. One query."""
        done = Q(status=FollowUpStatus.DONE, score__isnull=False)
        apart = Cast(F("score") - F("evaluation__score"), FloatField())
        repeats = self.filter(kind=FollowUpKind.REPEAT).aggregate(
            squares=Sum(Power(apart, 2), filter=done),
            n=models.Count("pk", filter=done),
            open=models.Count("pk", filter=Q(status__in=OPEN_FOLLOW_UP_STATUSES)),
        )
        number, squares, still_open = repeats["n"], repeats["squares"], repeats["open"]
        if not number or squares is None:
            return None, still_open
        return (math.sqrt(squares / (2 * number)), number), still_open


class FollowUp(ErrorColumns, Claimable):
    analysis = models.ForeignKey(Analysis, models.DB_CASCADE, related_name="followups")
    evaluation = models.ForeignKey(Evaluation, models.DB_CASCADE, related_name="followups")
    kind = models.CharField(max_length=8, choices=FollowUpKind)
    status = models.CharField(
        max_length=8,
        choices=FollowUpStatus,
        default=FollowUpStatus.WAITING,
        db_default=FollowUpStatus.WAITING,
    )
    score = models.DecimalField(
        max_digits=4, decimal_places=1, null=True, blank=True, editable=False
    )
    result = models.JSONField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    done_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = "follow-up"
        indexes = [
            *claim_indexes("followup", "analysis", OPEN_FOLLOW_UP_STATUSES),
            models.Index(
                name="followup_failed",
                fields=["done_at"],
                condition=Q(status=FollowUpStatus.FAILED),
            ),
        ]
        constraints = [
            models.UniqueConstraint(name="followup_once", fields=["evaluation", "kind"]),
            listed_constraint("followup_status_listed", FollowUpStatus),
            listed_constraint("followup_kind_listed", FollowUpKind, "kind"),
            failure_code_constraint("followup_error_code_listed"),
            claim_constraint("followup_token_while_working", FollowUpStatus.WORKING),
            models.CheckConstraint(
                name="followup_done_at_when_over",
                condition=Q(status__in=OPEN_FOLLOW_UP_STATUSES, done_at=None)
                | (~Q(status__in=OPEN_FOLLOW_UP_STATUSES) & Q(done_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="followup_error_when_failed",
                condition=(Q(status=FollowUpStatus.FAILED) & ~Q(error_code=""))
                | (~Q(status=FollowUpStatus.FAILED) & Q(error_code="", error_params={})),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of evaluation {self.evaluation_id}"


WRITE_RESULTS_SQL = """
WITH done AS (
    UPDATE candidates_followup AS f
    SET status = a.status, score = a.score, result = a.result, error_code = a.error_code,
        error_params = a.error_params, token = NULL, done_at = now()
    FROM jsonb_to_recordset(%s::jsonb) AS a(
        id bigint, status text, score numeric, result jsonb, error_code text, error_params jsonb)
    WHERE f.id = a.id AND f.status = 'working' AND f.token = %s
    RETURNING f.evaluation_id, f.kind, f.status, f.result
), insights AS (
    UPDATE candidates_evaluation AS e SET insights = done.result
    FROM done WHERE e.id = done.evaluation_id AND done.kind = 'insight' AND done.status = 'done'
)
SELECT 1 FROM done
"""
