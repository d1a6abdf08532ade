"""Deciding from the ranking, about one candidate, the checked ones or all that match; and undoing
that."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from candidates.access import Request, analysis_for
from candidates.models import Analysis, Decision
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.pages import live
from candidates.ranking import RankingFilter

from .ranking import EVALUATIONS_PER_PAGE, ranking


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: Request, public_id: UUID) -> HttpResponse:
    """Decide; the GET asks for confirmation about all that match, and says how many they are."""
    analysis = analysis_for(request.user, public_id, Role.EDITOR)
    if request.method != "POST":
        return _confirm(
            request, analysis, RankingFilter.from_query(request.GET, analysis), request.GET
        )
    filter = RankingFilter.from_query(QueryDict(request.POST.get("query", "")), analysis)
    value, _colon, evaluation = request.POST.get("candidate", "").partition(":")
    is_about_all = not evaluation and request.POST.get("scope") == "all"
    verdict = _verdict(value or request.POST.get("verdict", ""))
    if verdict is None:
        return _answer(request, analysis, filter, _("Choose what to decide: press a button."))
    if is_about_all:
        matching = filter.evaluations(analysis).order_by()
        ids = list(matching.values_list("candidate", flat=True))
        if request.POST.get("count") != str(len(ids)):
            # Confirmed first, and once more where others have decided meanwhile.
            query = filter.query_with(decide=verdict.value)
            return _go(request, "decide", analysis, query)
    else:
        named = [evaluation] if evaluation else request.POST.getlist("who")[:EVALUATIONS_PER_PAGE]
        chosen = analysis.evaluations.filter(public_id__in=_uuids(named))
        ids = list(chosen.values_list("candidate", flat=True))
    if not ids:
        return _answer(request, analysis, filter, _("Nobody is chosen. Check somebody first."))
    batch, changed = Decision.objects.decide(
        analysis.draft, ids, verdict, request.user, about=analysis.public_id
    )
    if not changed:
        return _answer(request, analysis, filter, _("That had been decided already."))
    return _answer(request, analysis, filter, _message(verdict, changed), batch)


@require_POST
def undo(request: Request, public_id: UUID) -> HttpResponse:
    """Undo a batch of the user's decisions, except where a newer decision exists."""
    analysis = analysis_for(request.user, public_id, Role.EDITOR)
    filter = RankingFilter.from_query(QueryDict(request.POST.get("query", "")), analysis)
    batch = next(iter(_uuids([request.POST.get("act", "")])), None)
    undone = 0
    if batch is not None:
        undone = Decision.objects.undo(
            analysis.draft, batch, request.user, about=analysis.public_id
        )
    if not undone:
        return _answer(
            request,
            analysis,
            filter,
            _("There is nothing to take back: it has been taken back, or decided anew since."),
        )
    message = ngettext(
        "Taken back for %(n)d candidate.", "Taken back for %(n)d candidates.", undone
    ) % {"n": undone}
    return _answer(request, analysis, filter, message)


def _verdict(value: str) -> Verdict | None:
    return Verdict(value) if value in Verdict else None


def _confirm(
    request: Request, analysis: Analysis, filter: RankingFilter, query: QueryDict
) -> HttpResponse:
    verdict = _verdict(query.get("decide", ""))
    if verdict is None:
        return redirect(analysis)
    number = filter.evaluations(analysis).order_by().count()
    context = {
        "analysis": analysis,
        "draft": analysis.draft,
        "filter": filter,
        "verdict": verdict.value,
        "word": verdict.label,
        "clears": verdict == Verdict.OPEN,
        "number": number,
    }
    return render(request, "candidates/decide.html", context)


def _message(verdict: Verdict, number: int) -> str:
    sentences = {
        Verdict.SHORTLIST: ngettext(
            "%(n)d candidate is on the shortlist.", "%(n)d candidates are on the shortlist.", number
        ),
        Verdict.MAYBE: ngettext(
            "%(n)d candidate is a maybe.", "%(n)d candidates are a maybe.", number
        ),
        Verdict.REJECT: ngettext(
            "%(n)d candidate is rejected.", "%(n)d candidates are rejected.", number
        ),
        Verdict.OPEN: ngettext(
            "%(n)d candidate is not decided any more.",
            "%(n)d candidates are not decided any more.",
            number,
        ),
    }
    return sentences[verdict] % {"n": number}


def _answer(
    request: Request,
    analysis: Analysis,
    filter: RankingFilter,
    message: str,
    batch: UUID | None = None,
) -> HttpResponse:
    """The ranking as it is now: its part where that is asked for, else a redirect to it."""
    page = request.POST.get("page", "")
    page = page if page.isdecimal() and page != "1" else ""
    undo = str(batch or "")
    if live.is_refresh(request):
        query = QueryDict(mutable=True)
        query.update({"page": page, "undo": undo})
        answer = ranking(request, analysis, filter, query, message=message)
        # An address that is loaded again shows what is filtered, not what was done.
        del answer.headers["HX-Push-Url"]
        return answer
    messages.success(request, message)
    return _go(request, "analysis", analysis, filter.query_with(page=page, undo=undo))


def _go(request: Request, name: str, analysis: Analysis, query: str) -> HttpResponse:
    address = reverse(f"candidates:{name}", args=[analysis.public_id])
    address += f"?{query}" if query else ""
    if live.is_refresh(request):
        # A redirect is followed before htmx sees it, and would land in the part.
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _uuids(texts: Iterable[str]) -> list[UUID]:
    """The public ids among these texts."""
    ids = []
    for text in texts:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return ids
