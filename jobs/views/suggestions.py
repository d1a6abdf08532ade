"""Criteria that an engine suggests: request them, show them, take some over."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from candidates.access import Request, draft_for
from candidates.models import Draft, Suggestion
from candidates.models.draft import Role
from candidates.pages import live
from candidates.pages.draft_form import edit_draft
from candidates.scoring import protected
from candidates.scoring.engines import LOCAL
from jobs.execution.suggest import request_suggestion
from jobs.models import Heartbeat


@require_POST
def suggest(request: Request, public_id: UUID) -> HttpResponse:
    """Save the draft's form as it was sent, and request criteria for it."""
    return edit_draft(request, draft_for(request.user, public_id, Role.EDITOR), _ask)


@require_POST
def suggest_new(request: Request) -> HttpResponse:
    """The same for a new draft."""
    return edit_draft(request, Draft(owner=request.user), _ask)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def suggested(request: Request, public_id: UUID) -> HttpResponse:
    """The last suggestion: a page, and the part of the form's page that shows it. Three queries."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    if request.method == "POST":
        return _take_over(request, draft)
    last = draft.suggestions.first()
    no_workers = last is not None and last.is_open and not Heartbeat.objects.alive().exists()
    state = live.digest(last and (last.pk, last.status), no_workers)
    if (unchanged := live.unchanged_response(request, state)) is not None:
        return unchanged
    context = {
        "draft": draft,
        "suggestion": last,
        "state": state,
        "no_workers": no_workers,
        "is_local": last is not None and last.engine == LOCAL,
        "criteria": [
            (criterion, protected.find(criterion.name, criterion.looks_for))
            for criterion in (last.suggested() if last else [])
        ],
        "in_form": live.is_refresh(request),
    }
    part = "#suggestions" if live.is_refresh(request) else ""
    return render(request, f"jobs/suggestion.html{part}", context)


def _ask(request: Request, draft: Draft) -> HttpResponse:
    request_suggestion(draft, request.user)
    return redirect(f"{reverse('candidates:edit', args=[draft.public_id])}#suggestions")


def _take_over(request: Request, draft: Draft) -> HttpResponse:
    """Add the chosen criteria of a suggestion to the draft."""
    suggestion = _suggestion(draft, request.POST.get("suggestion", ""))
    criteria = suggestion.suggested() if suggestion else []
    chosen = {int(text) for text in request.POST.getlist("chosen") if text.isdecimal()}
    added = draft.add_criteria(
        (criterion for number, criterion in enumerate(criteria) if number in chosen), request.user
    )
    if added:
        message = ngettext(
            "%d criterion is added. Edit as you like.",
            "%d criteria are added. Edit as you like.",
            added,
        )
        messages.success(request, message % added)
    else:
        messages.info(request, _("Nothing was added: nothing was chosen, or it was there already."))
    return redirect("candidates:edit", draft.public_id)


def _suggestion(draft: Draft, public_id: str) -> Suggestion | None:
    try:
        return draft.suggestions.filter(public_id=UUID(public_id)).first()
    except ValueError:
        return None
