"""Up to four candidates of an analysis side by side."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from candidates.access import Request, analysis_for
from candidates.blind import shown_name
from candidates.models import Evaluation
from candidates.pages.verdicts import shown_verdict
from candidates.scoring.rubric import Rubric, RubricCriterion

from .ratings import Shown, insights, rated, without_names

MOST = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One candidate; `without` is the address of the page without them."""

    evaluation: Evaluation
    name: str
    insights: dict[str, Any]
    verdict: Any
    without: str


@dataclass(frozen=True, slots=True)
class Cell:
    shown: Shown
    is_strongest: bool


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: Request, public_id: Any) -> HttpResponse:
    """The comparison of those named as `c`; a POST comes from the ranking's checked rows and leads
    to an address that can be kept. Four queries."""
    analysis = analysis_for(request.user, public_id)
    address = reverse("candidates:compare", args=[analysis.public_id])
    if request.method == "POST":
        query = QueryDict(mutable=True)
        query.setlist("c", [str(one) for one in _named(request.POST.getlist("who"))])
        return redirect(f"{address}?{query.urlencode()}")
    named = _named(request.GET.getlist("c"))
    rows = analysis.evaluations.filter(public_id__in=named[:MOST])
    by_id = {one.public_id: one for one in rows.select_related("candidate", "analysis__draft")}
    chosen = [by_id[one] for one in named[:MOST] if one in by_id]
    wrong = []
    if len(named) > MOST:
        wrong.append(_("%(n)d candidates were named; four fit side by side.") % {"n": len(named)})
    if len(chosen) < len(named[:MOST]):
        wrong.append(_("Somebody who was named is not in this ranking any more."))
    context = {
        "analysis": analysis,
        "draft": analysis.draft,
        "wrong": wrong,
        "columns": [
            Column(
                one,
                shown_name(one.candidate, analysis.draft),
                insights(one) if one.insights else {},
                shown_verdict(one.candidate.verdict),
                f"{address}?"
                + "&".join(f"c={other.public_id}" for other in chosen if other != one),
            )
            for one in chosen
        ],
        "criteria": _criteria(analysis.rubric, chosen),
        "has_insights": any(one.insights for one in chosen),
    }
    status = 422 if wrong or not named else 200
    return render(request, "candidates/compare.html", context, status=status)


def _criteria(
    rubric: Rubric, chosen: list[Evaluation]
) -> list[tuple[RubricCriterion, list[Cell | None]]]:
    rows = [
        {one.criterion.key: one for one in without_names(rated(rubric, evaluation), evaluation)}
        for evaluation in chosen
    ]
    shown: list[tuple[RubricCriterion, list[Cell | None]]] = []
    for criterion in rubric.criteria:
        ratings = [by_key.get(criterion.key) for by_key in rows]
        known = [one.rating.rating for one in ratings if one is not None]
        # Where all are alike, nobody is the strongest.
        most = max(known) if len(set(known)) > 1 else None
        cells = [
            None if one is None else Cell(one, is_strongest=one.rating.rating == most)
            for one in ratings
        ]
        shown.append((criterion, cells))
    return shown


def _named(texts: list[str]) -> list[UUID]:
    found: dict[UUID, None] = {}
    for text in texts:
        try:
            found[UUID(text)] = None
        except ValueError:
            continue
    return list(found)
