"""What was paid: of one analysis, and of everything that is somebody's, by month."""

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
from candidates.models.call import CallStatus
from candidates.pages.money import money
from candidates.scoring import catalogue
from candidates.scoring.engines import LOCAL

ANALYSES_SHOWN = 25
MODES = {
    "json_schema": _("by a strict JSON schema"),
    "json_object": _("in JSON mode, since the server takes no schema"),
    "text": _("as JSON in a block of text, since the server has no JSON mode"),
}


@dataclass(frozen=True, slots=True)
class Spent:
    """What one analysis took. Costs are in words, "" where a price is not known."""

    is_local: bool
    calls: int
    unknown: int  # of which nobody knows whether they were answered, and paid for
    reused: int
    prompt_tokens: int
    completion_tokens: int
    cached_percent: int
    cost: str
    cost_each: str
    tokens_each: int
    asked: tuple[str, ...]  # how, in words
    others: tuple[str, ...]  # models that answered in place of the one asked for


def spent(analysis: Analysis, scored: int, reused: int) -> Spent:
    """The analysis's own figures, `scored` of its résumés having a score, `reused` one of before.
    Two queries; none for the built-in engine, which calls nobody."""
    if analysis.engine == LOCAL:
        return Spent(
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
            asked=(),
            others=(),
        )
    used = analysis.calls.usage()
    ways = analysis.calls.ways()
    tokens = used["prompt_tokens"] + used["completion_tokens"]
    cost: Decimal | None = used["cost"]
    asked = dict.fromkeys(str(MODES.get(mode, mode)) for mode, _, _ in ways if mode)
    names = dict.fromkeys(name for _, name, _ in ways if name)
    return Spent(
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
        asked=tuple(asked),
        others=tuple(name for name in names if not catalogue.is_same(analysis.model, name)),
    )


@require_safe
def usage(request: Request) -> HttpResponse:
    """The user's months, and the last analyses that made calls. Five queries."""
    mine = Call.objects.all().visible_to(request.user)
    months = [{**month, "cost": money(month["cost"])} for month in mine.by_month()]
    context = {"months": months, "analyses": _last(mine)}
    return render(request, "candidates/usage.html", context)


def _last(calls: Any) -> list[dict[str, Any]]:
    """The newest analyses with calls, and what each took. Two queries."""
    found = list(
        calls.filter(analysis__isnull=False)
        .order_by()
        .values("analysis")
        .annotate(
            calls=Count("pk", filter=Q(status=CallStatus.ANSWERED)),
            prompt_tokens=Sum("prompt_tokens"),
            completion_tokens=Sum("completion_tokens"),
            cost=Sum("cost"),
        )
        .order_by("-analysis")[:ANALYSES_SHOWN]
    )
    shown = Analysis.objects.select_related("draft").defer("criteria", "draft__description")
    by_id = shown.in_bulk([one["analysis"] for one in found])
    return [
        {**one, "analysis": by_id[one["analysis"]], "cost": money(one["cost"])}
        for one in found
        if one["analysis"] in by_id
    ]


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0
