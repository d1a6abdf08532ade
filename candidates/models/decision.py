"""What people make of candidates: decisions that can be undone, notes, and what they have seen."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.db.models.functions.uuid import UUID4

from .analysis import Analysis
from .candidate import Candidate, Verdict
from .claims import listed_constraint
from .draft import Draft

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class DecisionQuerySet(models.QuerySet["Decision"]):
    def decide(
        self, draft: Draft, candidate_ids: Iterable[int], verdict: Verdict, user: "User"
    ) -> tuple[UUID, int]:
        """Decide about candidates of the draft; the act, by which it is undone, and how many that
        changes. Those of another draft, and those about whom the same was decided, are passed over.
        """
        act = uuid4()
        with transaction.atomic():
            rows = Candidate.objects.filter(draft=draft, pk__in=list(candidate_ids))
            changed = list(
                rows.exclude(verdict=verdict).select_for_update().values_list("pk", "verdict")
            )
            self.bulk_create(
                Decision(act=act, candidate_id=pk, before=before, verdict=verdict, by=user)
                for pk, before in changed
            )
            _write([pk for pk, _ in changed], verdict, user)
        return act, len(changed)

    def undo(self, draft: Draft, act: UUID, user: "User") -> int:
        """Take an act of this user back, for those about whom nothing was decided since; returns
        how many. Taking back is an act too; what holds again keeps who decided it, and when."""
        with transaction.atomic():
            mine = self.filter(act=act, by=user, candidate__draft=draft)
            Candidate.objects.filter(pk__in=mine.values("candidate")).select_for_update().count()
            others = Decision.objects.filter(candidate=models.OuterRef("candidate"))
            earlier = others.filter(pk__lt=models.OuterRef("pk"), verdict=models.OuterRef("before"))
            origin = Coalesce("restores", "pk")
            undone = list(
                mine.annotate(
                    last=models.Subquery(others.order_by("-pk").values("pk")[:1]),
                    origin=models.Subquery(earlier.order_by("-pk").values(pk=origin)[:1]),
                ).filter(last=F("pk"))
            )
            again = uuid4()
            self.bulk_create(
                Decision(
                    act=again,
                    candidate_id=one.candidate_id,
                    before=one.verdict,
                    verdict=one.before,
                    by=user,
                    restores_id=one.origin,  # type: ignore[attr-defined]
                )
                for one in undone
            )
            for verdict in Verdict:
                _write([one.candidate_id for one in undone if one.before == verdict], verdict, user)
            of = self.filter(act=again, restores__isnull=False, candidate=models.OuterRef("pk"))
            restored = Candidate.objects.filter(models.Exists(of)).exclude(verdict=Verdict.OPEN)
            restored.filter(pk__in=[one.candidate_id for one in undone]).update(
                decided_by=models.Subquery(of.values("restores__by")),
                decided_at=models.Subquery(of.values("restores__at")),
            )
        return len(undone)


def _write(candidate_ids: list[int], verdict: Verdict, user: "User") -> None:
    decided = verdict != Verdict.OPEN
    Candidate.objects.filter(pk__in=candidate_ids).update(
        verdict=verdict,
        decided_by=user if decided else None,
        decided_at=Now() if decided else None,
    )


class Decision(models.Model):
    """One person's decision about one candidate; those of one press have one `act`."""

    act = models.UUIDField(db_index=True)
    candidate = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="decisions")
    before = models.CharField(max_length=9, choices=Verdict, blank=True)
    verdict = models.CharField(max_length=9, choices=Verdict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())
    restores = models.ForeignKey(
        "self",
        models.DB_SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        help_text="the decision that holds again, where this one took another back",
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            listed_constraint("decision_verdict_listed", Verdict, "verdict"),
            models.CheckConstraint(
                name="decision_changes_something", condition=~Q(before=F("verdict"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict or 'not decided'} at {self.at:%Y-%m-%d %H:%M:%S}"


class Note(models.Model):
    """What somebody wrote about a candidate, for everybody who sees the draft."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    candidate = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+"
    )
    text = models.TextField(max_length=5_000)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.CheckConstraint(name="note_says_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return f"note {self.pk}"


class SavedFilter(models.Model):
    """A name for a filter of a draft's rankings, one person's own."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="saved_filters")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1_000, blank=True, help_text="of the address")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="saved_filter_once",
                fields=["draft", "user", "name"],
                violation_error_message="You have a view of this name already.",
            ),
            models.CheckConstraint(name="saved_filter_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class RankingVisitQuerySet(models.QuerySet["RankingVisit"]):
    def note(self, analysis: Analysis, user: "User") -> None:
        """The user has the ranking before their eyes. One statement."""
        self.bulk_create(
            [RankingVisit(analysis=analysis, user=user)],
            update_conflicts=True,
            unique_fields=["analysis", "user"],
            update_fields=["at"],
        )

    def seen_by(self, user: "User") -> Self:
        return self.filter(user=user)


class RankingVisit(models.Model):
    """When somebody last opened a ranking."""

    analysis = models.ForeignKey(Analysis, models.DB_CASCADE, related_name="visits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="+")
    at = models.DateTimeField(db_default=Now())

    objects = RankingVisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ranking_visit_once", fields=["analysis", "user"])
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.at:%Y-%m-%d %H:%M:%S}"
