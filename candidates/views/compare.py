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
from candidates.scoring import rank
from candidates.scoring.rubric import Criterion
from candidates.scoring.scorecard import STRONGEST, Rating

from .ranking import VERDICT_WORDS
from .words import standing

MOST = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One candidate; `without` is the address of the page without them."""

    evaluation: Evaluation
    name: str
    verdict: Any
    without: str


@dataclass(frozen=True, slots=True)
class Cell:
    rating: Rating
    is_strongest: bool

    @property
    def width(self) -> int:
        return round(100 * self.rating.rating / STRONGEST)

    @property
    def standing(self) -> tuple[str, str]:
        return standing(rank.met(self.rating))


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
    rows = analysis.evaluations.filter(public_id__in=named[:MOST]).select_related("candidate")
    by_id = {one.public_id: one for one in rows.defer("candidate__text", "candidate__prepared")}
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
                VERDICT_WORDS.get(one.candidate.verdict, ""),
                f"{address}?"
                + "&".join(f"c={other.public_id}" for other in chosen if other != one),
            )
            for one in chosen
        ],
        "criteria": _criteria(analysis.rubric.criteria, chosen),
        "has_insights": any(one.insights for one in chosen),
    }
    status = 422 if wrong or not named else 200
    return render(request, "candidates/compare.html", context, status=status)


def _criteria(
    criteria: tuple[Criterion, ...], chosen: list[Evaluation]
) -> list[tuple[Criterion, list[Cell | None]]]:
    rated = [
        {one["criterion"]: Rating.from_json(one) for one in evaluation.ratings}
        for evaluation in chosen
    ]
    shown: list[tuple[Criterion, list[Cell | None]]] = []
    for criterion in criteria:
        ratings = [by_key.get(criterion.key) for by_key in rated]
        known = [one.rating for one in ratings if one is not None]
        # Where all are alike, nobody is the strongest.
        most = max(known) if len(set(known)) > 1 else None
        cells = [
            None if one is None else Cell(one, is_strongest=one.rating == most) for one in ratings
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
