"""Decisions about candidates: whom to shortlist or reject. Each can be undone."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from .candidate import Candidate, Verdict
from .constraints import listed_constraint
from .draft import Draft
from .event import Event, EventVerb

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class DecisionQuerySet(models.QuerySet["Decision"]):
    def decide(
        self,
        draft: Draft,
        candidate_ids: Iterable[int],
        verdict: Verdict,
        user: "User",
        *,
        about: UUID | None = None,
    ) -> tuple[UUID, int]:
        """Decide about candidates of the draft; returns the batch, by which it is undone, and how
        many candidates it changes.

        Candidates of another draft, and those about whom the same was decided, are skipped. `about`
        is the public id of the ranking or candidate where the user decided, for the event.
        """
        batch = uuid4()
        with transaction.atomic():
            candidates = Candidate.objects.filter(draft=draft, pk__in=list(candidate_ids))
            changed = list(
                candidates.exclude(verdict=verdict).select_for_update().values_list("pk", "verdict")
            )
            self.bulk_create(
                Decision(
                    batch=batch, candidate_id=pk, before=before, verdict=verdict, decided_by=user
                )
                for pk, before in changed
            )
            _set_verdict([pk for pk, _before in changed], verdict, user)
            if changed:
                Event.objects.record(
                    draft.pk,
                    EventVerb.DECIDED,
                    actor=user,
                    about=about,
                    params={"verdict": verdict.value, "count": len(changed)},
                )
        return batch, len(changed)

    def undo(self, draft: Draft, batch: UUID, user: "User", *, about: UUID | None = None) -> int:
        """Undo a batch of this user's decisions, except where a newer decision exists; returns how
        many candidates that changes.

        An undo is a batch of decisions too; a verdict that holds again keeps its author and time.
        `about` as in `decide`.
        """
        with transaction.atomic():
            own = self.filter(batch=batch, decided_by=user, candidate__draft=draft)
            Candidate.objects.filter(pk__in=own.values("candidate")).select_for_update().count()
            same_candidate = Decision.objects.filter(candidate=models.OuterRef("candidate"))
            earlier = same_candidate.filter(
                pk__lt=models.OuterRef("pk"), verdict=models.OuterRef("before")
            )
            origin = Coalesce("restores", "pk")
            undone = list(
                own.annotate(
                    last=models.Subquery(same_candidate.order_by("-pk").values("pk")[:1]),
                    origin=models.Subquery(earlier.order_by("-pk").values(pk=origin)[:1]),
                ).filter(last=F("pk"))
            )
            undo_batch = uuid4()
            self.bulk_create(
                Decision(
                    batch=undo_batch,
                    candidate_id=decision.candidate_id,
                    before=decision.verdict,
                    verdict=decision.before,
                    decided_by=user,
                    restores_id=decision.origin,  # type: ignore[attr-defined]
                )
                for decision in undone
            )
            for verdict in Verdict:
                ids = [row.candidate_id for row in undone if row.before == verdict]
                _set_verdict(ids, verdict, user)
            restoring = self.filter(
                batch=undo_batch, restores__isnull=False, candidate=models.OuterRef("pk")
            )
            restored = Candidate.objects.filter(models.Exists(restoring))
            restored.exclude(verdict=Verdict.OPEN).filter(
                pk__in=[decision.candidate_id for decision in undone]
            ).update(
                decided_by=models.Subquery(restoring.values("restores__decided_by")),
                decided_at=models.Subquery(restoring.values("restores__decided_at")),
            )
            if undone:
                Event.objects.record(
                    draft.pk,
                    EventVerb.DECISION_UNDONE,
                    actor=user,
                    about=about,
                    params={"count": len(undone)},
                )
        return len(undone)


def _set_verdict(candidate_ids: list[int], verdict: Verdict, user: "User") -> None:
    is_decided = verdict != Verdict.OPEN
    Candidate.objects.filter(pk__in=candidate_ids).update(
        verdict=verdict,
        decided_by=user if is_decided else None,
        decided_at=Now() if is_decided else None,
    )


class Decision(models.Model):
    """One user's decision about one candidate; those of one press of a button are a batch."""

    batch = models.UUIDField(db_index=True)
    candidate = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="decisions")
    before = models.CharField(max_length=9, choices=Verdict)
    verdict = models.CharField(max_length=9, choices=Verdict)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(db_default=Now())
    restores = models.ForeignKey(
        "self",
        models.DB_SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        help_text="the decision that holds again, where this one undoes another",
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            listed_constraint("decision_verdict_listed", Verdict, "verdict"),
            listed_constraint("decision_before_listed", Verdict, "before"),
            models.CheckConstraint(
                name="decision_changes_something", condition=~Q(before=F("verdict"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} at {self.decided_at:%Y-%m-%d %H:%M:%S}"
