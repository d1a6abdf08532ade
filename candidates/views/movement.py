"""Two analyses of one draft: everybody's place in both, and how they moved."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from candidates.access import Request, analysis_for
from candidates.models import Analysis, Evaluation
from candidates.models.analysis import AnalysisQuerySet, EvaluationStatus
from candidates.movement import Way, moved, shown, tally

PEOPLE_A_PAGE = 50
OFFERED = 20  # of the earlier rankings, the last ones


@require_safe
def movement(request: Request, public_id: UUID) -> HttpResponse:
    """An analysis beside an earlier one: that of `since`, else the one before it. Nine queries,
    however many candidates."""
    now = analysis_for(request.user, public_id)
    earlier = list(_earlier(now)[:OFFERED])
    wrong = ""
    before = earlier[0] if earlier else None
    if since := request.GET.get("since", ""):
        before = _earlier(now).filter(public_id=since).first() if _is_id(since) else None
        if before is None:
            wrong = _("The ranking to compare with is not there any more. Choose another.")
    context: dict[str, Any] = {
        "analysis": now,
        "draft": now.draft,
        "before": before,
        "earlier": earlier,
        "wrong": wrong,
    }
    if before is not None:
        counts = tally(before, now)
        way = request.GET.get("way", "")
        way = way if way in Way.values else ""
        number = counts[way] if way else sum(counts.values())
        page = Paginator(range(number), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
        start = max(0, page.start_index() - 1)
        context |= {
            "page": page,
            "way": way,
            "ways": [("", _("all"), sum(counts.values()))]
            + [(one.value, one.label, counts[one]) for one in Way],
            "people": shown(moved(before, now, way, start, PEOPLE_A_PAGE), before, now),
        }
    status = 422 if wrong else 200
    return render(request, "candidates/movement.html", context, status=status)


def _earlier(now: Analysis) -> AnalysisQuerySet:
    """Rankings of the same draft before it, the last first."""
    ranked = Evaluation.objects.filter(
        analysis=OuterRef("pk"), status=EvaluationStatus.SCORED, rank__isnull=False
    )
    before = Analysis.objects.filter(Exists(ranked), draft=now.draft_id, pk__lt=now.pk)
    return before.order_by("-pk")


def has_earlier(now: Analysis) -> bool:
    """Whether there is one to compare with. One query."""
    return _earlier(now).exists()


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
