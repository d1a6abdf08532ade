"""One scoring of a draft's candidates, and each candidate's place in it."""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.conf import settings
from django.db import connection, models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat, Now
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import FailureCode, Reason
from candidates.reading.problems import Problem
from candidates.scoring.rubric import Rubric

from .candidate import OPEN_CANDIDATE_STATUSES, Candidate
from .claims import (
    MAX_ATTEMPTS,
    SUSPECT_FROM_ATTEMPTS,
    Claimable,
    ClaimQuerySet,
    claim_constraint,
    claim_indexes,
    in_key_order,
)
from .constraints import failure_code_constraint, flags_constraint, listed_constraint
from .counts import EvaluationCount, FollowUpCount
from .draft import Draft
from .reason import ErrorColumns, error_columns, reason_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


ANALYZE_FROM_ROWS = 1_000  # rows at once, from which the planner has to be told


class InsightsMode(models.TextChoices):
    NONE = "none", _("nobody")
    TOP = "top", _("the best")
    ALL = "all", _("everybody")


class AnalysisQuerySet(models.QuerySet["Analysis"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(draft__in=Draft.objects.visible_to(user))


class Analysis(models.Model):
    """Never changed once written: what was asked, of which engine, for whom."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="analyses")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="analyses"
    )
    title = models.CharField(max_length=200)
    criteria = models.JSONField(help_text="the rubric, frozen")
    engine = models.CharField(max_length=20)
    model = models.CharField(max_length=200)
    version = models.CharField(max_length=40, help_text="of the prompt, or of the method")
    insights_mode = models.CharField(max_length=4, choices=InsightsMode, default=InsightsMode.TOP)
    top_n = models.PositiveIntegerField()
    repeats = models.BooleanField(
        default=False, db_default=False, help_text="some are scored twice, to see how far apart"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = AnalysisQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "analyses"
        indexes = [models.Index(fields=["draft", "-created_at"])]
        constraints = [
            listed_constraint("analysis_insights_listed", InsightsMode, "insights_mode"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("candidates:analysis", args=[self.public_id])

    @property
    def rubric(self) -> Rubric:
        return Rubric.from_json(self.criteria)

    def tally(self) -> dict[str, int]:
        """How many evaluations have each status, and `total`; those that are not over count as
        waiting. One query, which counts no rows."""
        return EvaluationCount.objects.tallies([self.pk])[self.pk]

    def followup_tally(self) -> dict[str, int]:
        """How many follow-ups are still `open`, and how many `failed`. One query, like `tally`."""
        row = FollowUpCount.objects.filter(pk=self.pk).first() or FollowUpCount()
        return {"open": row.open, "failed": row.failed}

    def has_work(self) -> bool:
        """Whether anything of it still waits for a worker. Two queries at the most."""
        return self.evaluations.all().has_open() or self.followups.all().has_open()


class EvaluationStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SCORING = "scoring", _("being scored")
    SCORED = "scored", _("scored")
    FAILED = "failed", _("failed")
    UNREADABLE = "unreadable", _("unreadable")


OPEN_EVALUATION_STATUSES = (EvaluationStatus.WAITING, EvaluationStatus.SCORING)


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why some résumés have no score, and how many: a problem of the file, or else a failure."""

    reason: Reason | Problem
    number: int

    @property
    def may_retry(self) -> bool:
        """Whether another try may help."""
        if isinstance(self.reason, Problem):
            return False
        return self.reason.code != FailureCode.FILE_READ_SINCE


class Sha256(models.Func):
    """As `hashlib` makes it, in hexadecimal; without an extension of PostgreSQL."""

    template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    output_field = models.CharField()


class StoredField(models.GeneratedField):
    """Every PostgreSQL has these: no system check needs to ask the database for its version."""

    def check(self, **kwargs: Any) -> list[Any]:
        return super().check(**{**kwargs, "databases": []})


class EvaluationQuerySet(ClaimQuerySet["Evaluation"]):
    WAITING = EvaluationStatus.WAITING
    CLAIMED = EvaluationStatus.SCORING

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(analysis__draft__in=Draft.objects.visible_to(user))

    def enrol(self, analysis: Analysis) -> int:
        """Give every candidate of the draft a place in the analysis, those apart that are an older
        file of a person who is in it. One statement."""
        with connection.cursor() as cursor:
            cursor.execute(ENROL_SQL, [analysis.pk, analysis.draft_id])
            enrolled = int(cursor.rowcount)
            if enrolled >= ANALYZE_FROM_ROWS:
                # Else the planner takes the new rows for a handful until the next autovacuum, and
                # joins all with all: 30 seconds for a count among 10,000. By the columns that rows
                # are joined and picked by: texts would have to be read for it.
                cursor.execute(ANALYZE_SQL)
        return enrolled

    def known(self, owner_id: int, fingerprints: set[str]) -> dict[str, dict[str, Any]]:
        """Scorecards that this owner's evaluations already hold, by fingerprint. One query."""
        scored = self.scored_for(owner_id).filter(fingerprint__in=fingerprints)
        return {
            fingerprint: {"ratings": ratings, "flags": flags, "insight": insight}
            for fingerprint, ratings, flags, insight in scored.values_list(
                "fingerprint", "ratings", "flags", "insights"
            )
        }

    def reusable(self, shared: str, owner_id: int) -> Self:
        """Those whose score this owner has already; `shared` is the fingerprint's prefix."""
        own = Sha256(Concat(Value(shared), F("candidate__redacted_key")))
        known = Evaluation.objects.all().scored_for(owner_id).filter(fingerprint=OuterRef("own"))
        return self.exclude(candidate__redacted_key="").annotate(own=own).filter(Exists(known))

    def scored_for(self, owner_id: int) -> Self:
        """The scored ones among the drafts of this owner."""
        # By the score, as the index of fingerprints is, and the owner as a value for each row: with
        # the status, or a join, PostgreSQL may begin with all scores that there are.
        owners = Analysis.objects.filter(pk=OuterRef("analysis")).values("draft__owner")
        return self.filter(score__isnull=False).alias(owner=Subquery(owners)).filter(owner=owner_id)

    def of_read_files(self) -> Self:
        """Those whose résumé has been read, or cannot be."""
        # As a value for each row and not as a join, which PostgreSQL may begin with all candidates;
        # and with "not", so that it expects nearly every row to pass.
        candidates = Candidate.objects.filter(pk=OuterRef("candidate")).values("status")
        rows = self.alias(file_status=Subquery(candidates))
        return rows.exclude(file_status__in=OPEN_CANDIDATE_STATUSES)

    def unranked(self) -> Self:
        """Those with a score and no place yet."""
        return self.filter(status=EvaluationStatus.SCORED, rank=None)

    def ranked(self) -> Self:
        """Best first, then the failed, then the unreadable, each by file name."""
        return self.order_by(F("rank").asc(nulls_last=True), "status", "candidate__filename", "pk")

    def tied(self) -> set[int]:
        """The bands that hold more than one. One query."""
        bands = self.filter(band__isnull=False).order_by().values("band")
        shared = bands.annotate(number=Count("pk")).filter(number__gt=1)
        return {band for band in shared.values_list("band", flat=True) if band is not None}

    def unscored(self) -> list[Unscored]:
        """Why résumés have no score, the most frequent first. One query."""
        closed = self.filter(status__in=[EvaluationStatus.FAILED, EvaluationStatus.UNREADABLE])
        by_columns = closed.order_by().values_list(
            "error_code", "error_params", "candidate__problem"
        )
        numbers: Counter[Reason | Problem] = Counter()
        for code, params, problem, number in by_columns.annotate(number=Count("pk")):
            # A file without a problem was unreadable when the analysis came to it, and is not now.
            read_since = Problem(problem) if problem else Reason(FailureCode.FILE_READ_SINCE)
            numbers[reason_of(code, params) or read_since] += number
        groups = [Unscored(reason, number) for reason, number in numbers.items()]
        return sorted(
            groups, key=lambda group: (-group.number, not group.may_retry, str(group.reason))
        )

    def answer(self, token: UUID, answers: list[dict[str, Any]]) -> int:
        """Write scores for the rows that `token` still holds; returns how many.

        Each answer has `id`, `status`, `error_code`, `error_params`, `ratings`, `score`,
        `must_haves_met`, `strong`, `flags`, `insights`, `reused` and `fingerprint`. One statement,
        however many.
        """
        with connection.cursor() as cursor:
            cursor.execute(WRITE_SCORES_SQL, [in_key_order(answers), token])
            return int(cursor.rowcount)

    def fail_exhausted(self) -> int:
        """Close the rows that stopped their worker each time."""
        return self.exhausted().update(
            status=EvaluationStatus.FAILED,
            token=None,
            scored_at=Now(),
            **error_columns(Reason(FailureCode.SCORING_STOPPED_WORKER, {"times": MAX_ATTEMPTS})),
        )

    def suspected(self) -> Self:
        """Those that stopped their worker, so that they are claimed alone."""
        return self.open().filter(attempts__gte=SUSPECT_FROM_ATTEMPTS)

    def skip_suspected(self) -> int:
        """Fail the suspected among them, so that they stop no other worker."""
        return self.suspected().update(
            status=EvaluationStatus.FAILED,
            token=None,
            scored_at=Now(),
            **error_columns(Reason(FailureCode.REMOVED_BY_STAFF)),
        )

    def reopen_failed(self) -> int:
        return self.filter(status=EvaluationStatus.FAILED).update(
            status=EvaluationStatus.WAITING,
            scored_at=None,
            attempts=0,
            deferrals=0,
            due_at=Now(),
            **error_columns(None),
        )

    def write_ranks(self, ranks: list[dict[str, Any]]) -> None:
        """Each has `id`, `rank`, `band` (None where no repeat error is known) and `insights` (None
        leaves them as they are)."""
        with connection.cursor() as cursor:
            cursor.execute(RANK_SQL, [in_key_order(ranks)])


class Evaluation(ErrorColumns, Claimable):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    analysis = models.ForeignKey(
        Analysis,
        models.DB_CASCADE,
        related_name="evaluations",
        db_index=False,  # others begin with it
    )
    candidate = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="evaluations")
    status = models.CharField(
        max_length=12,
        choices=EvaluationStatus,
        default=EvaluationStatus.WAITING,
        db_default=EvaluationStatus.WAITING,
    )
    scored_at = models.DateTimeField(null=True, blank=True, editable=False)
    ratings = models.JSONField(default=list, db_default=[], blank=True, editable=False)
    # Small beside them, so that 10,000 are sorted and filtered without unpacking what they rest on.
    marks = StoredField(
        expression=models.Func(
            F("ratings"), template="jsonb_path_query_array(%(expressions)s, '$[*].rating')"
        ),
        output_field=models.JSONField(),
        db_persist=True,
        help_text="the ratings alone, in the rubric's order",
    )
    score = models.DecimalField(
        max_digits=4, decimal_places=1, null=True, blank=True, editable=False
    )
    must_haves_met = models.PositiveSmallIntegerField(db_default=0, editable=False)
    strong = models.PositiveSmallIntegerField(db_default=0, editable=False)
    rank = models.PositiveIntegerField(null=True, blank=True, editable=False)
    band = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="rank of the first it is tied with"
    )
    insights = models.JSONField(null=True, blank=True, editable=False)
    flags = models.JSONField(default=list, db_default=[], editable=False)
    reused = models.BooleanField(db_default=False, editable=False)
    fingerprint = models.CharField(max_length=64, blank=True, db_default="", editable=False)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        indexes = [
            *claim_indexes("evaluation", "analysis", OPEN_EVALUATION_STATUSES),
            models.Index(fields=["analysis", "status", "rank"]),
            models.Index(
                name="evaluation_failed",
                fields=["scored_at"],
                condition=Q(status=EvaluationStatus.FAILED),
            ),
            models.Index(
                name="evaluation_lately",
                fields=["analysis", "scored_at"],
                condition=Q(scored_at__isnull=False),
            ),
            models.Index(
                name="evaluation_reusable",
                fields=["fingerprint"],
                condition=Q(score__isnull=False),
            ),
            # Of what ended lately, /metrics asks again and again.
            models.Index(
                name="evaluation_ended",
                fields=["scored_at"],
                condition=Q(scored_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="evaluation_once_per_analysis", fields=["analysis", "candidate"]
            ),
            listed_constraint("evaluation_status_listed", EvaluationStatus),
            failure_code_constraint("evaluation_error_code_listed"),
            flags_constraint("evaluation_flags_listed"),
            claim_constraint("evaluation_token_while_scoring", EvaluationStatus.SCORING),
            models.CheckConstraint(
                name="evaluation_scored_at_when_over",
                condition=Q(status__in=OPEN_EVALUATION_STATUSES, scored_at=None)
                | (~Q(status__in=OPEN_EVALUATION_STATUSES) & Q(scored_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="evaluation_score_when_scored",
                condition=Q(
                    status=EvaluationStatus.SCORED, score__isnull=False, score__range=(0, 100)
                )
                | (~Q(status=EvaluationStatus.SCORED) & Q(score=None, rank=None)),
            ),
            models.CheckConstraint(
                name="evaluation_error_when_failed",
                condition=(Q(status=EvaluationStatus.FAILED) & ~Q(error_code=""))
                | (~Q(status=EvaluationStatus.FAILED) & Q(error_code="", error_params={})),
            ),
        ]

    def __str__(self) -> str:
        return f"evaluation {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("candidates:evaluation", args=[self.public_id])

    def place(self, tied: Container[int]) -> str:
        """Its rank, as "2=" where it shares its band; "" without one. `tied` is of the analysis."""
        if self.band in tied:
            return f"{self.band}="
        return str(self.rank or "")


# One statement for a whole batch: the rows travel as one JSON parameter.
WRITE_SCORES_SQL = """
UPDATE candidates_evaluation AS e
SET status = a.status, error_code = a.error_code, error_params = a.error_params,
    ratings = a.ratings, score = a.score, must_haves_met = a.must_haves_met, strong = a.strong,
    flags = a.flags, insights = a.insights, reused = a.reused,
    fingerprint = a.fingerprint, deferrals = 0, token = NULL, scored_at = now()
FROM jsonb_to_recordset(%s::jsonb) AS a(
    id bigint, status text, error_code text, error_params jsonb, ratings jsonb, score numeric,
    must_haves_met int,
    strong int, flags jsonb, insights jsonb, reused boolean, fingerprint text)
WHERE e.id = a.id AND e.status = 'scoring' AND e.token = %s
"""
ANALYZE_SQL = """
ANALYZE (SKIP_LOCKED) candidates_candidate (id, draft_id, status, same_as_id),
    candidates_evaluation (id, analysis_id, candidate_id, status, due_at)
"""
ENROL_SQL = """
INSERT INTO candidates_evaluation (analysis_id, candidate_id)
SELECT %s, id FROM candidates_candidate
 WHERE draft_id = %s AND same_as_id IS NULL ORDER BY id
ON CONFLICT DO NOTHING
"""
RANK_SQL = """
UPDATE candidates_evaluation AS e
SET rank = a.rank, band = a.band, insights = coalesce(a.insights, e.insights)
FROM jsonb_to_recordset(%s::jsonb) AS a(id bigint, rank int, band int, insights jsonb)
WHERE e.id = a.id
"""
