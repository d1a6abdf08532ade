"""Two analyses of one draft: the place of each person in both, and how they moved."""

from http import HTTPStatus
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
from candidates.movement import Direction, count_movements, list_movements, movement_rows

PEOPLE_PER_PAGE = 50
MAX_EARLIER_ANALYSES = 20  # to choose from, the newest


@require_safe
def movement(request: Request, public_id: UUID) -> HttpResponse:
    """An analysis compared with the one that `since` names, else with the one before it. Nine
    queries, however many candidates."""
    now = analysis_for(request.user, public_id)
    earlier = list(_earlier_analyses(now)[:MAX_EARLIER_ANALYSES])
    error = ""
    before = earlier[0] if earlier else None
    if since := request.GET.get("since", ""):
        before = _earlier_analyses(now).filter(public_id=since).first() if _is_uuid(since) else None
        if before is None:
            error = _("The ranking to compare with is not there any more. Choose another.")
    context: dict[str, Any] = {
        "analysis": now,
        "draft": now.draft,
        "before": before,
        "earlier": earlier,
        "error": error,
    }
    if before is not None:
        counts = count_movements(before, now)
        total = sum(counts.values())
        direction = request.GET.get("way", "")
        direction = direction if direction in Direction.values else ""
        number = counts[direction] if direction else total
        page = Paginator(range(number), PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
        start = max(0, page.start_index() - 1)
        movements = list_movements(before, now, direction, start, PEOPLE_PER_PAGE)
        context |= {
            "page": page,
            "direction": direction,
            "directions": [
                ("", _("all"), total),
                *((choice.value, choice.label, counts[choice]) for choice in Direction),
            ],
            "rows": movement_rows(movements, before, now),
        }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "candidates/movement.html", context, status=status)


def _earlier_analyses(now: Analysis) -> AnalysisQuerySet:
    """Rankings of the same draft before `now`, the newest first."""
    ranked = Evaluation.objects.filter(
        analysis=OuterRef("pk"), status=EvaluationStatus.SCORED, rank__isnull=False
    )
    before = Analysis.objects.filter(Exists(ranked), draft=now.draft_id, pk__lt=now.pk)
    return before.order_by("-pk")


def has_earlier(now: Analysis) -> bool:
    """Whether there is a ranking to compare with. One query."""
    return _earlier_analyses(now).exists()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
