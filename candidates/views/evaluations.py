"""One candidate's ratings with their evidence, beside the résumé."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from candidates.access import Request, evaluation_for
from candidates.models import Evaluation
from candidates.models.analysis import Status
from candidates.scoring.evidence import find
from candidates.scoring.redact import redact

from .marks import segments
from .people import notes
from .ratings import noticed, rated


@require_safe
def evaluation(request: Request, public_id: Any) -> HttpResponse:
    """One candidate's ratings, and the résumé with the quotes marked. Five queries."""
    evaluation = evaluation_for(request.user, public_id)
    analysis = evaluation.analysis
    ratings = rated(analysis.rubric, evaluation)
    around: dict[int | None, Evaluation] = {}
    if evaluation.rank is not None:
        places = (evaluation.rank - 1, evaluation.rank + 1)
        beside = analysis.evaluations.filter(status=Status.SCORED, rank__in=places)
        around = {other.rank: other for other in beside.only("public_id", "rank")}
    quotes = [
        (f"{one.criterion.key}-{number}", quote.start, quote.end)
        for one in ratings
        for number, quote in enumerate(one.rating.quotes, start=1)
    ]
    strengths, pointed = _strengths(evaluation)
    context = {
        "strengths": strengths,
        "evaluation": evaluation,
        "place": evaluation.place(analysis.evaluations.tied() if evaluation.band else ()),
        "analysis": analysis,
        "candidate": evaluation.candidate,
        "draft": analysis.draft,
        "shown": ratings,
        "flags": noticed(evaluation)
        + notes([evaluation.candidate_id]).get(evaluation.candidate_id, []),
        "segments": segments(evaluation.candidate.text, quotes + pointed),
        "before": around.get((evaluation.rank or 0) - 1),
        "after": around.get((evaluation.rank or 0) + 1),
    }
    return render(request, "candidates/evaluation.html", context)


def _strengths(
    evaluation: Evaluation,
) -> tuple[list[tuple[str, str, str]], list[tuple[str, int, int]]]:
    """Each strength with its quote and the id of the quote's mark, "" where it has none; and the
    marks. Engines quote what they saw: the text without what no score may rest on."""
    points = (evaluation.insights or {}).get("strengths", [])
    seen = redact(evaluation.candidate.text, evaluation.candidate.name) if points else ""
    shown: list[tuple[str, str, str]] = []
    marks: list[tuple[str, int, int]] = []
    for number, point in enumerate(points, start=1):
        place = find(point["quote"], seen)
        id, quote = "", point["quote"]
        if place is not None:
            id, quote = f"strength-{number}", evaluation.candidate.text[place.start : place.end]
            marks.append((id, place.start, place.end))
        shown.append((point["text"], quote, id))
    return shown, marks
