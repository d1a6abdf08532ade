"""What the ranking would be with other weights: what a browser needs to compute it, and keeping
the weights that were found."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from candidates.access import Request, analysis_for
from candidates.blind import shown_name
from candidates.models import Criterion, Draft, Event
from candidates.models.analysis import EvaluationStatus
from candidates.models.draft import Role
from candidates.ranking import Filter
from candidates.reasons import criterion_name
from candidates.scoring import rank
from candidates.scoring.rubric import MAX_WEIGHT, ROLE
from candidates.scoring.scorecard import MAX_RATING

MOST_MOVED = 1_000


@require_safe
def ratings(request: Request, public_id: UUID) -> HttpResponse:
    """The best thousand, each with its ratings in the rubric's order, and the rule of the score.

    Their order breaks ties: what the weights do not change is settled here. Four queries.
    """
    analysis = analysis_for(request.user, public_id)
    scored = Filter.from_query({"status": EvaluationStatus.SCORED}, analysis).of(analysis)
    total = scored.count()
    best = scored.select_related("candidate").only(
        *("public_id", "marks", "must_haves_met", "strong", "score", "analysis"),
        *("candidate__public_id", "candidate__name", "candidate__filename"),
        *("candidate__verdict", "candidate__revealed_at"),
    )[:MOST_MOVED]
    ordered = sorted(
        best,
        key=lambda one: rank.sort_key(0, one.must_haves_met, one.strong, str(one.candidate)),
    )
    rows = [
        [str(one.public_id), shown_name(one.candidate, analysis.draft), one.marks]
        for one in ordered
        if len(one.marks) == len(analysis.rubric.criteria)
    ]
    told = {
        "criteria": [
            {
                "key": one.key,
                "name": criterion_name(one),
                "weight": one.weight,
                "must": one.must_have,
            }
            for one in analysis.rubric.criteria
        ],
        "strongest": MAX_RATING,
        "cap": rank.MAX_SCORE_WITHOUT_MUST_HAVE,
        "unclearFrom": rank.MIN_UNCLEAR_RATING,
        "total": total,
        "rows": rows,
    }
    return JsonResponse(told, json_dumps_params={"separators": (",", ":"), "ensure_ascii": False})


@require_POST
def weights(request: Request, public_id: UUID) -> HttpResponse:
    """Write weights into the draft's criteria, found by the names that they have in the rubric."""
    analysis = analysis_for(request.user, public_id, Role.EDITOR)
    wanted: dict[str, int] = {}
    role_weight: int | None = None
    for one in analysis.rubric.criteria:
        value = request.POST.get(f"weight-{one.key}", "").strip()
        if not value:
            continue
        least = 0 if one.key == ROLE else 1
        if not (value.isascii() and value.isdecimal()) or not least <= int(value) <= MAX_WEIGHT:
            messages.error(
                request,
                _(
                    "The weight of “%(name)s” is %(value)s. Choose %(least)d to %(most)d; to leave "
                    "a criterion out, remove it from the draft."
                )
                % {
                    "name": criterion_name(one),
                    "value": value[:20],
                    "least": least,
                    "most": MAX_WEIGHT,
                },
            )
            return redirect(analysis)
        if one.key == ROLE:
            role_weight = int(value)
        else:
            wanted[one.identity] = int(value)
    kept, gone = _keep(request, analysis.draft, wanted, role_weight)
    if gone:
        messages.warning(
            request,
            ngettext(
                "%(n)d criterion of this ranking is not in the draft any more.",
                "%(n)d criteria of this ranking are not in the draft any more.",
                gone,
            )
            % {"n": gone},
        )
    if not kept:
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


def _keep(
    request: Request, draft: Draft, wanted: dict[str, int], role_weight: int | None
) -> tuple[list[str], int]:
    """What was changed, in words, and how many criteria the draft has no more."""
    with transaction.atomic():
        own = Draft.objects.select_for_update().get(pk=draft.pk)
        there = {one.identity: one for one in own.criteria.all()}
        changed = [one for name, one in there.items() if wanted.get(name, one.weight) != one.weight]
        kept = [f"{one.name} {one.weight} to {wanted[one.identity]}" for one in changed]
        for one in changed:
            one.weight = wanted[one.identity]
        Criterion.objects.bulk_update(changed, ["weight"])
        if role_weight is not None and role_weight != own.role_weight:
            kept.append(f"role {own.role_weight} to {role_weight}")
            own.role_weight = role_weight
        if kept:
            Draft.objects.filter(pk=own.pk).update(role_weight=own.role_weight, updated_at=Now())
            Event.objects.all().record(
                own.pk, "weights changed", actor=request.user, detail="; ".join(kept)
            )
    return kept, len(wanted.keys() - there.keys())
