"""Deciding from the ranking, about one, the checked or all that match; and taking that back."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from candidates.access import Request, analysis_for
from candidates.models import Analysis, Decision, Event
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.pages import live
from candidates.ranking import UNDECIDED, Filter

from .ranking import EVALUATIONS_A_PAGE, VERDICT_WORDS, ranking

CHOICES = (Verdict.SHORTLIST, Verdict.MAYBE, Verdict.REJECT, UNDECIDED)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: Request, public_id: Any) -> HttpResponse:
    """Decide; the GET asks whether all that match are meant, and says how many they are."""
    analysis = analysis_for(request.user, public_id, Role.EDITOR)
    if request.method != "POST":
        return _ask(request, analysis, Filter.from_query(request.GET, analysis), request.GET)
    filter = Filter.from_query(QueryDict(request.POST.get("query", "")), analysis)
    verdict, _sign, one = request.POST.get("one", "").partition(":")
    everybody = not one and request.POST.get("scope") == "all"
    verdict = verdict or request.POST.get("verdict", "")
    if verdict not in CHOICES:
        return _answer(request, analysis, filter, _("Choose what to decide: press a button."))
    if everybody:
        matching = filter.of(analysis).order_by()
        ids = list(matching.values_list("candidate", flat=True))
        if request.POST.get("count") != str(len(ids)):
            # Asked first, and asked again where others have decided meanwhile.
            return _go(request, "decide", analysis, filter.query_with(decide=verdict))
    else:
        named = [one] if one else request.POST.getlist("who")[:EVALUATIONS_A_PAGE]
        ids = list(
            analysis.evaluations.filter(public_id__in=_ids(named)).values_list(
                "candidate", flat=True
            )
        )
    if not ids:
        return _answer(request, analysis, filter, _("Nobody is chosen. Check somebody first."))
    with transaction.atomic():
        act, changed = Decision.objects.decide(
            analysis.draft,
            ids,
            Verdict.OPEN if verdict == UNDECIDED else Verdict(verdict),
            request.user,
        )
        if changed:
            Event.objects.all().record(
                analysis.draft_id,
                "decided",
                actor=request.user,
                about=analysis.public_id,
                detail=f"{changed} {verdict}",
            )
    if not changed:
        return _answer(request, analysis, filter, _("That had been decided already."))
    return _answer(request, analysis, filter, _told(verdict, changed), act)


@require_POST
def undo(request: Request, public_id: Any) -> HttpResponse:
    """Take back an act of the user's, for those about whom nothing was decided since."""
    analysis = analysis_for(request.user, public_id, Role.EDITOR)
    filter = Filter.from_query(QueryDict(request.POST.get("query", "")), analysis)
    act = next(iter(_ids([request.POST.get("act", "")])), None)
    undone = 0
    if act is not None:
        with transaction.atomic():
            undone = Decision.objects.undo(analysis.draft, act, request.user)
            if undone:
                Event.objects.all().record(
                    analysis.draft_id,
                    "decision undone",
                    actor=request.user,
                    about=analysis.public_id,
                    detail=str(undone),
                )
    if not undone:
        return _answer(
            request,
            analysis,
            filter,
            _("There is nothing to take back: it has been taken back, or decided anew since."),
        )
    told = ngettext(
        "Taken back for %(n)d candidate.", "Taken back for %(n)d candidates.", undone
    ) % {"n": undone}
    return _answer(request, analysis, filter, told)


def _ask(request: Request, analysis: Analysis, filter: Filter, query: QueryDict) -> HttpResponse:
    verdict = query.get("decide", "")
    if verdict not in CHOICES:
        return redirect(analysis)
    number = filter.of(analysis).order_by().count()
    context = {
        "analysis": analysis,
        "draft": analysis.draft,
        "filter": filter,
        "verdict": verdict,
        "word": VERDICT_WORDS[verdict],
        "clears": verdict == UNDECIDED,
        "number": number,
    }
    return render(request, "candidates/decide.html", context)


def _told(verdict: str, number: int) -> str:
    told: dict[str, str] = {
        Verdict.SHORTLIST: ngettext(
            "%(n)d candidate is on the shortlist.", "%(n)d candidates are on the shortlist.", number
        ),
        Verdict.MAYBE: ngettext(
            "%(n)d candidate is a maybe.", "%(n)d candidates are a maybe.", number
        ),
        Verdict.REJECT: ngettext(
            "%(n)d candidate is rejected.", "%(n)d candidates are rejected.", number
        ),
        UNDECIDED: ngettext(
            "%(n)d candidate is not decided any more.",
            "%(n)d candidates are not decided any more.",
            number,
        ),
    }
    return told[verdict] % {"n": number}


def _answer(
    request: Request, analysis: Analysis, filter: Filter, told: str, act: UUID | None = None
) -> HttpResponse:
    """The ranking as it is now: its part where that is asked for, else the way back to it."""
    page = request.POST.get("page", "")
    page = page if page.isdecimal() and page != "1" else ""
    undo = str(act or "")
    if live.is_refresh(request):
        query = QueryDict(mutable=True)
        query.update({"page": page, "undo": undo})
        answer = ranking(request, analysis, filter, query, told=told)
        # An address that is sent anew shows what is filtered, not what was done.
        del answer.headers["HX-Push-Url"]
        return answer
    messages.success(request, told)
    return _go(request, "analysis", analysis, filter.query_with(page=page, undo=undo))


def _go(request: Request, name: str, analysis: Analysis, query: str) -> HttpResponse:
    address = reverse(f"candidates:{name}", args=[analysis.public_id])
    address += f"?{query}" if query else ""
    if live.is_refresh(request):
        # A redirect is followed before htmx sees it, and would land in the part.
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _ids(named: Iterable[str]) -> list[UUID]:
    """The public ids among these texts."""
    found = []
    for one in named:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return found
