"""Filters of a ranking that a user keeps by name."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from candidates.access import Request, analysis_for
from candidates.models import Event, SavedFilter
from candidates.ranking import Filter

LONGEST_NAME = 60  # characters
MOST_VIEWS = 50


@require_POST
def views(request: Request, public_id: Any) -> HttpResponse:
    """Save the present filter under a name, or remove one that was saved."""
    analysis = analysis_for(request.user, public_id)
    mine = SavedFilter.objects.filter(draft=analysis.draft_id, user=request.user)
    if request.POST.get("remove"):
        with transaction.atomic():
            id = _id(request.POST["remove"])
            view = mine.filter(public_id=id).first() if id else None
            if view is not None:
                view.delete()
                _record(request, analysis.draft_id, "view removed", view.name)
                messages.success(request, _("The view “%(name)s” is removed.") % {"name": view})
        return redirect(analysis)
    filter = Filter.from_query(QueryDict(request.POST.get("query", "")), analysis)
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())
    if trouble := _trouble(name, mine.exclude(name=name).count()):
        messages.error(request, trouble)
    else:
        with transaction.atomic():
            SavedFilter.objects.update_or_create(
                draft=analysis.draft,
                user=request.user,
                name=name,
                defaults={"query": filter.query},
            )
            _record(request, analysis.draft_id, "view saved", name)
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": name})
    return redirect(f"{analysis.get_absolute_url()}?{filter.query}".rstrip("?"))


def _trouble(name: str, others: int) -> str:
    if not name:
        return _("The view has no name. Give it one.")
    if len(name) > LONGEST_NAME:
        return _("The name has %(length)d characters. Shorten it to at most %(most)d.") % {
            "length": len(name),
            "most": LONGEST_NAME,
        }
    if others >= MOST_VIEWS:
        return _("You have %(most)d views of this draft. Remove one first.") % {"most": MOST_VIEWS}
    return ""


def _record(request: Request, draft_id: int, verb: str, detail: str) -> None:
    Event.objects.all().record(draft_id, verb, actor=request.user, detail=detail)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
