"""The list of a user's drafts, which the home page shows too."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef

from candidates.access import Request
from candidates.models import Analysis, Candidate, CandidateCount, Draft, Evaluation
from candidates.models.analysis import EvaluationStatus

DRAFTS_PER_PAGE = 25


def draft_rows(request: Request) -> tuple[Page[Draft], list[dict[str, Any]]]:
    """A page of the user's drafts, each with the counts of its files, and its last run with the
    best score and the number of newer files. Four queries."""
    drafts = Draft.objects.visible_to(request.user).select_related("owner")
    paginator = Paginator(drafts.order_by("-updated_at", "-pk"), DRAFTS_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    shown = list(page.object_list)
    counts = CandidateCount.objects.tallies([draft.pk for draft in shown])
    last = Analysis.objects.filter(draft__in=shown).order_by("draft", "-created_at", "-pk")
    best = Evaluation.objects.filter(
        analysis=OuterRef("pk"), status=EvaluationStatus.SCORED, rank=1
    )
    newer = Candidate.objects.filter(
        draft=OuterRef("draft"), created_at__gt=OuterRef("created_at")
    ).order_by()
    runs = Analysis.objects.filter(pk__in=last.distinct("draft").values("pk")).annotate(
        best=best.values("score")[:1],
        newer=newer.values("draft").annotate(number=Count("pk")).values("number"),
    )
    by_draft = {run.draft_id: run for run in runs.defer("criteria")}
    return page, [
        {
            "draft": draft,
            "files": counts[draft.pk],
            "last": by_draft.get(draft.pk),
            "shared_by": draft.owner if draft.owner_id != request.user.pk else None,
        }
        for draft in shown
    ]
