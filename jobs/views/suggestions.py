"""Criteria that an engine suggests: asking for them, looking at them, taking some over."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from candidates.access import Request, draft_for
from candidates.models import Draft, Event, Suggestion
from candidates.models.draft import Role
from candidates.pages import live
from candidates.pages.draft_form import edit_draft
from candidates.scoring import protected
from candidates.scoring.engines import LOCAL
from jobs.execution.suggest import request_suggestion
from jobs.models import Heartbeat


@require_POST
def suggest(request: Request, public_id: Any) -> HttpResponse:
    """Save the draft's form as it was sent, and ask for criteria for it."""
    return edit_draft(request, draft_for(request.user, public_id, Role.EDITOR), _ask)


@require_POST
def suggest_new(request: Request) -> HttpResponse:
    """The same for a draft that is not there yet."""
    return edit_draft(request, Draft(owner=request.user), _ask)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def suggested(request: Request, public_id: Any) -> HttpResponse:
    """What was suggested last: a page of its own, and the part of the form's page that shows it.
    Three queries."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    if request.method == "POST":
        return _take_over(request, draft)
    last = draft.suggestions.first()
    nobody = last is not None and last.is_open and not Heartbeat.objects.alive().exists()
    state = live.digest(last and (last.pk, last.status), nobody)
    if (unchanged := live.nothing_new(request, state)) is not None:
        return unchanged
    found = last.suggested() if last else []
    context = {
        "draft": draft,
        "suggestion": last,
        "state": state,
        "nobody_works": nobody,
        "is_local": last is not None and last.engine == LOCAL,
        "criteria": [(one, protected.find(one.name, one.looks_for)) for one in found],
        "in_form": live.is_refresh(request),
    }
    part = "#suggestions" if live.is_refresh(request) else ""
    return render(request, f"jobs/suggested.html{part}", context)


def _ask(request: Request, draft: Draft) -> HttpResponse:
    request_suggestion(draft, request.user)
    return redirect(f"{reverse('candidates:edit', args=[draft.public_id])}#suggestions")


def _take_over(request: Request, draft: Draft) -> HttpResponse:
    """Add the chosen ones of one suggestion to the draft."""
    suggestion = _named(draft, request.POST.get("suggestion", ""))
    found = suggestion.suggested() if suggestion else []
    chosen = {int(one) for one in request.POST.getlist("chosen") if one.isdecimal()}
    added = 0
    with transaction.atomic():
        added = draft.add(one for number, one in enumerate(found) if number in chosen)
        if added:
            Event.objects.all().record(draft.pk, "draft changed", actor=request.user)
    if added:
        told = ngettext(
            "%d criterion is added. Edit as you like.",
            "%d criteria are added. Edit as you like.",
            added,
        )
        messages.success(request, told % added)
    else:
        messages.info(request, _("Nothing was added: nothing was chosen, or it was there already."))
    return redirect("candidates:edit", draft.public_id)


def _named(draft: Draft, public_id: str) -> Suggestion | None:
    try:
        return draft.suggestions.filter(public_id=UUID(public_id)).first()
    except ValueError:
        return None
