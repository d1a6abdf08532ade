"""Filters of a ranking that a user saves under a name; pages call them views."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from candidates.access import Request, analysis_for
from candidates.models import SavedFilter
from candidates.models.saved_filter import MAX_NAME_CHARACTERS
from candidates.ranking import RankingFilter

MAX_FILTERS = 50  # of one user in one draft


@require_POST
def views(request: Request, public_id: UUID) -> HttpResponse:
    """Save the present filter under a name, or remove a saved one."""
    analysis = analysis_for(request.user, public_id)
    own = SavedFilter.objects.filter(draft=analysis.draft_id, user=request.user)
    if request.POST.get("remove"):
        id = _uuid(request.POST["remove"])
        if id and (removed := own.remove(id, request.user)):
            messages.success(request, _("The view “%(name)s” is removed.") % {"name": removed})
        return redirect(analysis)
    filter = RankingFilter.from_query(QueryDict(request.POST.get("query", "")), analysis)
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())
    if problem := _problem(name, own.exclude(name=name).count()):
        messages.error(request, problem)
    else:
        SavedFilter.objects.store(analysis.draft, request.user, name, filter.query)
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": name})
    return redirect(f"{analysis.get_absolute_url()}?{filter.query}".rstrip("?"))


def _problem(name: str, others: int) -> str:
    """Why the filter cannot be saved under the name; "" where it can."""
    if not name:
        return _("The view has no name. Give it one.")
    if len(name) > MAX_NAME_CHARACTERS:
        return _("The name has %(length)d characters. Shorten it to at most %(most)d.") % {
            "length": len(name),
            "most": MAX_NAME_CHARACTERS,
        }
    if others >= MAX_FILTERS:
        return _("You have %(most)d views of this draft. Remove one first.") % {"most": MAX_FILTERS}
    return ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
