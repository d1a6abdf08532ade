"""One candidate's ratings with their evidence, beside the résumé."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from candidates import blind
from candidates.access import Request, evaluation_for
from candidates.models.draft import Role
from candidates.ranking import RankingFilter, find_neighbours

from .duplicates import duplicate_notes
from .ratings import flag_notes, shown_insight, shown_ratings
from .reading import pane
from .review import review_context


@require_safe
def evaluation(request: Request, public_id: UUID) -> HttpResponse:
    """Show one candidate's ratings, and the résumé with their quotes marked. Nine queries."""
    evaluation = evaluation_for(request.user, public_id)
    analysis, candidate = evaluation.analysis, evaluation.candidate
    draft = analysis.draft
    candidate.draft = draft  # the same row: it is not fetched again
    filter = RankingFilter.from_query(request.GET, analysis)
    before, after, place, total = find_neighbours(analysis, evaluation, filter)
    role: Role = evaluation.role  # type: ignore[attr-defined]
    ratings = shown_ratings(analysis.rubric, evaluation)
    insight = shown_insight(analysis.rubric, evaluation)
    quotes = [quote for rating in ratings for quote in rating.quotes]
    quotes += [point.quote for point in insight.strengths if point.quote] if insight else []
    context = {
        **review_context(candidate, role),
        **pane(candidate, draft, [quote.mark for quote in quotes], request.GET.get("show")),
        "name": blind.shown_name(candidate, draft),
        "file": blind.shown_filename(candidate, draft),
        "insight": insight,
        "evaluation": evaluation,
        "analysis": analysis,
        "draft": draft,
        "ratings": ratings,
        "flags": flag_notes(evaluation, draft)
        + duplicate_notes(draft, [candidate.pk]).get(candidate.pk, []),
        "rank": evaluation.place(analysis.evaluations.tied() if evaluation.band else ()),
        "filter": filter,
        "before": before,
        "after": after,
        "place": place,
        "total": total,
    }
    return render(request, "candidates/evaluation.html", context)
