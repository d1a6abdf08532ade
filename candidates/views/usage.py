"""Calls to models and their cost: of an analysis, and of a user by month."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from candidates.access import Request
from candidates.models import Analysis, Call
from candidates.models.call import CallQuerySet, CallStatus
from candidates.pages.money import money
from candidates.scoring import catalogue
from candidates.scoring.engines import LOCAL

MAX_ANALYSES_SHOWN = 25
MODES = {
    "json_schema": _("by a strict JSON schema"),
    "json_object": _("in JSON mode, since the server takes no schema"),
    "text": _("as JSON in a block of text, since the server has no JSON mode"),
}


@dataclass(frozen=True, slots=True)
class AnalysisUsage:
    """The usage of an analysis. Costs are texts, "" where a price is not known."""

    is_local: bool
    calls: int
    unknown: int  # calls of which it is not known whether they were answered, and charged
    reused: int
    prompt_tokens: int
    completion_tokens: int
    cached_percent: int
    cost: str
    cost_each: str
    tokens_each: int
    modes: tuple[str, ...]  # how answers were requested, in words
    others: tuple[str, ...]  # models that answered in place of the analysis's model


def analysis_usage(analysis: Analysis, scored: int, reused: int) -> AnalysisUsage:
    """The usage of an analysis with `scored` résumés that have a score, `reused` of them from
    before. Two queries; none for the built-in engine, which makes no calls."""
    if analysis.engine == LOCAL:
        return AnalysisUsage(
            is_local=True,
            calls=0,
            unknown=0,
            reused=reused,
            prompt_tokens=0,
            completion_tokens=0,
            cached_percent=0,
            cost="",
            cost_each="",
            tokens_each=0,
            modes=(),
            others=(),
        )
    used = analysis.calls.usage()
    modes_and_models = analysis.calls.modes_and_models()
    tokens = used["prompt_tokens"] + used["completion_tokens"]
    cost: Decimal | None = used["cost"]
    modes = dict.fromkeys(str(MODES.get(mode, mode)) for mode, _, _ in modes_and_models if mode)
    models = dict.fromkeys(model for _, model, _ in modes_and_models if model)
    return AnalysisUsage(
        is_local=False,
        calls=used["calls"],
        unknown=used["unknown"],
        reused=reused,
        prompt_tokens=used["prompt_tokens"],
        completion_tokens=used["completion_tokens"],
        cached_percent=_percent(used["cached_tokens"], used["prompt_tokens"]),
        cost=money(cost),
        cost_each=money(cost / scored) if cost is not None and scored else "",
        tokens_each=round(tokens / scored) if scored else 0,
        modes=tuple(modes),
        others=tuple(model for model in models if not catalogue.is_same(analysis.model, model)),
    )


@require_safe
def usage(request: Request) -> HttpResponse:
    """The user's calls by month, and the last analyses that made calls. Five queries."""
    calls = Call.objects.all().visible_to(request.user)
    months = [{**month, "cost": money(month["cost"])} for month in calls.by_month()]
    context = {"months": months, "analyses": _last_analyses(calls)}
    return render(request, "candidates/usage.html", context)


def _last_analyses(calls: CallQuerySet) -> list[dict[str, Any]]:
    """The newest analyses with calls, and the usage of each. Two queries."""
    rows = list(
        calls.filter(analysis__isnull=False)
        .order_by()
        .values("analysis")
        .annotate(
            calls=Count("pk", filter=Q(status=CallStatus.ANSWERED)),
            prompt_tokens=Sum("prompt_tokens"),
            completion_tokens=Sum("completion_tokens"),
            cost=Sum("cost"),
        )
        .order_by("-analysis")[:MAX_ANALYSES_SHOWN]
    )
    shown = Analysis.objects.select_related("draft").defer("criteria", "draft__description")
    by_id = shown.in_bulk([row["analysis"] for row in rows])
    return [
        {**row, "analysis": by_id[row["analysis"]], "cost": money(row["cost"])}
        for row in rows
        if row["analysis"] in by_id
    ]


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0
