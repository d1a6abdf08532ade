"""A draft's schedule: when it is analysed by itself, what the next run would do, and what came of
the last ones."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from candidates.access import NOT_YOURS, Request, draft_for
from candidates.models import Draft
from candidates.models.draft import Role
from candidates.reasons import sentence
from candidates.scoring.rubric import InvalidRubric
from jobs.models.schedule import Schedule, ScheduledRun
from jobs.schedules import runs
from jobs.schedules.forms import ScheduleForm

RUNS_A_PAGE = 20


@require_http_methods(["GET", "HEAD", "POST"])
def schedule(request: Request, public_id: Any) -> HttpResponse:
    """The page; a POST is the owner's choice. Twelve queries for the owner."""
    draft = draft_for(request.user, public_id)
    is_owner = draft.owner_id == request.user.pk
    if request.method == "POST" and not is_owner:
        raise PermissionDenied(NOT_YOURS[Role.OWNER])
    with_owner = Schedule.objects.select_related("draft__owner__preference")
    found = with_owner.filter(draft=draft).first()
    mine = found or Schedule(draft=_with_its_owner(draft, request.user))
    form = ScheduleForm(request.POST or None, instance=mine)
    if request.method == "POST" and form.is_valid():
        runs.save(form.save(commit=False), request.user)
        messages.success(request, _("The schedule is saved."))
        return redirect("jobs:schedule", draft.public_id)
    history = ScheduledRun.objects.filter(schedule__draft=draft)
    history = history.select_related("job__analysis", "before")
    page = Paginator(history, RUNS_A_PAGE).get_page(request.GET.get("page"))
    zone = mine.owners_zone()
    context: dict[str, Any] = {
        "draft": draft,
        "is_owner": is_owner,
        "form": form,
        "zone": zone,
        "now": _told(timezone.now(), zone),
        "next_at": _told(mine.next_at, zone) if mine.next_at else "",
        "stopped": sentence(mine.stop_reason),
        "page": page,
    }
    try:
        context["changes"], context["estimate"] = runs.preview(draft)
        context["reasons"] = _(", and ").join(_(why) for why in context["changes"].everything)
    except InvalidRubric as error:
        context["trouble"] = sentence(error.reason)
    status = 422 if form.is_bound else 200
    return render(request, "jobs/schedule.html", context, status=status)


def _with_its_owner(draft: Draft, user: Any) -> Draft:
    """A draft that was asked for to be shown refuses to fetch its owner."""
    if draft.owner_id != user.pk:
        return Draft.objects.select_related("owner__preference").get(pk=draft.pk)
    draft.owner = user
    return draft


def _told(moment: datetime, zone: str) -> str:
    """On the clock of the owner, whatever the reader's is."""
    return date_format(moment.astimezone(ZoneInfo(zone)), _("j F Y, H:i"))
