"""The ranking with other weights: the data from which a browser computes it, and saving weights."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from candidates.access import Request, analysis_for
from candidates.blind import shown_name
from candidates.models import Evaluation
from candidates.models.analysis import EvaluationStatus
from candidates.models.draft import Role
from candidates.ranking import RankingFilter
from candidates.reasons import criterion_name
from candidates.scoring import rank
from candidates.scoring.rubric import MAX_WEIGHT, ROLE, RubricCriterion
from candidates.scoring.scorecard import MAX_RATING

MAX_CANDIDATES = 1_000  # that the browser ranks again


@require_safe
def ratings(request: Request, public_id: UUID) -> HttpResponse:
    """The best thousand candidates with their ratings in the rubric's order, and the score formula.

    Their order breaks ties by what the weights do not change. Four queries.
    """
    analysis = analysis_for(request.user, public_id)
    scored = RankingFilter.from_query({"status": EvaluationStatus.SCORED}, analysis).evaluations(
        analysis
    )
    total = scored.count()
    best = scored.select_related("candidate").only(
        *("public_id", "marks", "must_haves_met", "strong", "score", "analysis"),
        *("candidate__public_id", "candidate__name", "candidate__filename"),
        *("candidate__verdict", "candidate__revealed_at"),
    )[:MAX_CANDIDATES]
    criteria = analysis.rubric.criteria
    data = {
        "criteria": [
            {
                "key": criterion.key,
                "name": criterion_name(criterion),
                "weight": criterion.weight,
                "must": criterion.must_have,
            }
            for criterion in criteria
        ],
        "strongest": MAX_RATING,
        "cap": rank.MAX_SCORE_WITHOUT_MUST_HAVE,
        "unclearFrom": rank.MIN_UNCLEAR_RATING,
        "total": total,
        "rows": [
            [
                str(evaluation.public_id),
                shown_name(evaluation.candidate, analysis.draft),
                evaluation.marks,
            ]
            for evaluation in sorted(best, key=_tie_break)
            if len(evaluation.marks) == len(criteria)
        ],
    }
    return JsonResponse(data, json_dumps_params={"separators": (",", ":"), "ensure_ascii": False})


def _tie_break(evaluation: Evaluation) -> tuple[Any, ...]:
    """The order of candidates with equal scores."""
    name = str(evaluation.candidate)
    return rank.sort_key(0, evaluation.must_haves_met, evaluation.strong, name)


@require_POST
def weights(request: Request, public_id: UUID) -> HttpResponse:
    """Save weights in the draft's criteria, which are found by their names in the rubric."""
    analysis = analysis_for(request.user, public_id, Role.EDITOR)
    weights: dict[str, int] = {}
    role_weight: int | None = None
    for criterion in analysis.rubric.criteria:
        text = request.POST.get(f"weight-{criterion.key}", "").strip()
        if not text:
            continue
        weight = _valid_weight(criterion, text)
        if weight is None:
            messages.error(request, _invalid_weight_message(criterion, text))
            return redirect(analysis)
        if criterion.key == ROLE:
            role_weight = weight
        else:
            weights[criterion.identity] = weight
    changed, missing = analysis.draft.set_weights(weights, role_weight, request.user)
    if missing:
        message = ngettext(
            "%(n)d criterion of this ranking is not in the draft any more.",
            "%(n)d criteria of this ranking are not in the draft any more.",
            missing,
        )
        messages.warning(request, message % {"n": missing})
    if not changed:
        messages.info(request, _("The draft has these weights already."))
        return redirect(analysis)
    messages.success(
        request,
        _(
            "The weights are in the draft. Run it again to rank by them: every score is reused, "
            "without a call to a model."
        ),
    )
    return redirect(analysis.draft)


def _valid_weight(criterion: RubricCriterion, text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal()
    return int(text) if is_number and _min_weight(criterion) <= int(text) <= MAX_WEIGHT else None


def _min_weight(criterion: RubricCriterion) -> int:
    return 0 if criterion.key == ROLE else 1


def _invalid_weight_message(criterion: RubricCriterion, text: str) -> str:
    return _(
        "The weight of “%(name)s” is %(value)s. Choose %(least)d to %(most)d; to leave "
        "a criterion out, remove it from the draft."
    ) % {
        "name": criterion_name(criterion),
        "value": text[:20],
        "least": _min_weight(criterion),
        "most": MAX_WEIGHT,
    }
