"""One candidate's ratings with their evidence, beside the résumé."""

from typing import NamedTuple
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from candidates import blind
from candidates.access import Request, evaluation_for
from candidates.models import Evaluation
from candidates.models.draft import Role
from candidates.ranking import Filter, around
from candidates.scoring.evidence import find
from candidates.scoring.redact import redact

from .duplicates import duplicate_notes
from .ratings import flag_notes, insights, rated, without_names
from .reading import pane
from .review import judgement


class Strength(NamedTuple):
    """A strength with its quote, and the id of the quote's mark in the résumé, "" without one."""

    text: str
    quote: str
    mark_id: str


@require_safe
def evaluation(request: Request, public_id: UUID) -> HttpResponse:
    """One candidate's ratings, and the résumé with the quotes marked. Nine queries."""
    evaluation = evaluation_for(request.user, public_id)
    analysis, candidate = evaluation.analysis, evaluation.candidate
    draft = analysis.draft
    candidate.draft = draft  # the same, and so it is not fetched again
    filter = Filter.from_query(request.GET, analysis)
    before, after, place, total = around(analysis, evaluation, filter)
    role: Role = evaluation.role  # type: ignore[attr-defined]
    ratings = rated(analysis.rubric, evaluation)
    quotes = [
        (f"{row.criterion.key}-{number}", quote.start, quote.end)
        for row in ratings
        for number, quote in enumerate(row.rating.quotes, start=1)
    ]
    strengths, strength_marks = _strengths(evaluation)
    context = {
        **judgement(candidate, role),
        **pane(candidate, draft, quotes + strength_marks, request.GET.get("show")),
        "name": blind.shown_name(candidate, draft),
        "file": blind.shown_file(candidate, draft),
        "insights": insights(evaluation),
        "strengths": strengths,
        "evaluation": evaluation,
        "analysis": analysis,
        "draft": draft,
        "shown": without_names(ratings, evaluation),
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


def _strengths(evaluation: Evaluation) -> tuple[list[Strength], list[tuple[str, int, int]]]:
    """The strengths, and the marks of their quotes: id, start and end.

    Engines quote what they were given: the redacted text.
    """
    candidate = evaluation.candidate
    points = (evaluation.insights or {}).get("strengths", [])
    if not points:
        return [], []
    hidden = blind.is_hidden(candidate, evaluation.analysis.draft)
    without_name = blind.voice(candidate, evaluation.analysis.draft)
    spans = blind.spans_of(candidate) if hidden else ()
    redacted = redact(candidate.text, candidate.name)
    strengths: list[Strength] = []
    marks: list[tuple[str, int, int]] = []
    for number, point in enumerate(points, start=1):
        place = find(point["quote"], redacted)
        mark_id, quote = "", without_name(point["quote"])
        if place is not None:
            mark_id, quote = f"strength-{number}", candidate.text[place.start : place.end]
            if hidden:
                quote = blind.masked(quote, spans, place.start)
            marks.append((mark_id, place.start, place.end))
        strengths.append(Strength(without_name(point["text"]), quote, mark_id))
    return strengths, marks
