"""Up to four candidates of an analysis side by side."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from candidates.access import Request, analysis_for
from candidates.blind import shown_name
from candidates.models import Analysis, Evaluation
from candidates.pages.verdicts import shown_verdict
from candidates.scoring.rubric import Rubric, RubricCriterion

from .ratings import ShownInsight, ShownRating, shown_insight, shown_ratings

MAX_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class ComparedCandidate:
    """A column of the comparison; `without` is the URL of the page without this candidate."""

    evaluation: Evaluation
    name: str
    insight: ShownInsight | None
    verdict: Any
    without: str


@dataclass(frozen=True, slots=True)
class ComparedRating:
    shown: ShownRating
    is_strongest: bool


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: Request, public_id: UUID) -> HttpResponse:
    """Compare the candidates named by `c`. Four queries.

    A POST comes from the ranking's checked rows and redirects to a URL that can be shared.
    """
    analysis = analysis_for(request.user, public_id)
    address = reverse("candidates:compare", args=[analysis.public_id])
    if request.method == "POST":
        query = QueryDict(mutable=True)
        query.setlist("c", [str(id) for id in _valid_ids(request.POST.getlist("who"))])
        return redirect(f"{address}?{query.urlencode()}")
    ids = _valid_ids(request.GET.getlist("c"))
    chosen = _evaluations(analysis, ids[:MAX_CANDIDATES])
    errors = []
    if len(ids) > MAX_CANDIDATES:
        errors.append(_("%(n)d candidates were named; four fit side by side.") % {"n": len(ids)})
    if len(chosen) < len(ids[:MAX_CANDIDATES]):
        errors.append(_("Somebody who was named is not in this ranking any more."))
    context = {
        "analysis": analysis,
        "draft": analysis.draft,
        "errors": errors,
        "columns": [
            ComparedCandidate(
                evaluation,
                shown_name(evaluation.candidate, analysis.draft),
                shown_insight(analysis.rubric, evaluation),
                shown_verdict(evaluation.candidate.verdict),
                f"{address}?"
                + "&".join(f"c={other.public_id}" for other in chosen if other != evaluation),
            )
            for evaluation in chosen
        ],
        "criteria": _criteria(analysis.rubric, chosen),
        "has_insights": any(evaluation.insights for evaluation in chosen),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors or not ids else HTTPStatus.OK
    return render(request, "candidates/compare.html", context, status=status)


def _evaluations(analysis: Analysis, ids: list[UUID]) -> list[Evaluation]:
    """The evaluations with these public ids, in their order, as far as they exist."""
    rows = analysis.evaluations.filter(public_id__in=ids)
    by_id = {row.public_id: row for row in rows.select_related("candidate", "analysis__draft")}
    return [by_id[id] for id in ids if id in by_id]


def _criteria(
    rubric: Rubric, chosen: list[Evaluation]
) -> list[tuple[RubricCriterion, list[ComparedRating | None]]]:
    """Return for each criterion its ratings in the order of the columns; None where not rated."""
    columns = [
        {shown.criterion.key: shown for shown in shown_ratings(rubric, evaluation)}
        for evaluation in chosen
    ]
    rows: list[tuple[RubricCriterion, list[ComparedRating | None]]] = []
    for criterion in rubric.criteria:
        ratings = [by_key.get(criterion.key) for by_key in columns]
        values = [shown.rating.rating for shown in ratings if shown is not None]
        # Where all are equal, none is marked as the strongest.
        strongest = max(values) if len(set(values)) > 1 else None
        cells = [
            None
            if shown is None
            else ComparedRating(shown, is_strongest=shown.rating.rating == strongest)
            for shown in ratings
        ]
        rows.append((criterion, cells))
    return rows


def _valid_ids(texts: list[str]) -> list[UUID]:
    """Return the distinct ids among `texts`; anything else is skipped."""
    ids: dict[UUID, None] = {}
    for text in texts:
        try:
            ids[UUID(text)] = None
        except ValueError:
            continue
    return list(ids)
