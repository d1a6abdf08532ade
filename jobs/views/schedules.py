"""A draft's schedule: when it runs, what the next run would do, and the last runs."""

from datetime import datetime
from typing import Any
from uuid import UUID
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

from candidates.access import ROLE_REQUIRED, Request, draft_for
from candidates.models import Draft
from candidates.models.draft import Role
from candidates.reasons import sentence
from candidates.scoring.rubric import InvalidRubric
from jobs.models.schedule import Schedule, ScheduledRun
from jobs.schedules import runs
from jobs.schedules.forms import ScheduleForm

RUNS_A_PAGE = 20


@require_http_methods(["GET", "HEAD", "POST"])
def schedule(request: Request, public_id: UUID) -> HttpResponse:
    """The page, and the owner's form. Twelve queries for the owner."""
    draft = draft_for(request.user, public_id)
    is_owner = draft.owner_id == request.user.pk
    if request.method == "POST" and not is_owner:
        raise PermissionDenied(ROLE_REQUIRED[Role.OWNER])
    with_owner = Schedule.objects.select_related("draft__owner__preference")
    current = with_owner.filter(draft=draft).first()
    if current is None:
        current = Schedule(draft=_with_owner(draft, request.user))
    form = ScheduleForm(request.POST or None, instance=current)
    if request.method == "POST" and form.is_valid():
        runs.save(form.save(commit=False), request.user)
        messages.success(request, _("The schedule is saved."))
        return redirect("jobs:schedule", draft.public_id)
    history = ScheduledRun.objects.filter(schedule__draft=draft)
    history = history.select_related("job__analysis", "previous_analysis")
    page = Paginator(history, RUNS_A_PAGE).get_page(request.GET.get("page"))
    zone = current.owner_time_zone()
    context: dict[str, Any] = {
        "draft": draft,
        "is_owner": is_owner,
        "form": form,
        "zone": zone,
        "now": _local(timezone.now(), zone),
        "next_at": _local(current.next_at, zone) if current.next_at else "",
        "stopped": sentence(current.stop_reason),
        "page": page,
    }
    try:
        context["changes"], context["estimate"] = runs.preview(draft)
        context["reasons"] = _(", and ").join(_(why) for why in context["changes"].rescore_reasons)
    except InvalidRubric as error:
        context["trouble"] = sentence(error.reason)
    status = 422 if form.is_bound else 200
    return render(request, "jobs/schedule.html", context, status=status)


def _with_owner(draft: Draft, user: Any) -> Draft:
    """The draft with its owner: one that was fetched to be shown refuses further queries."""
    if draft.owner_id != user.pk:
        return Draft.objects.select_related("owner__preference").get(pk=draft.pk)
    draft.owner = user
    return draft


def _local(moment: datetime, zone: str) -> str:
    """`moment` by the clock of the owner, whatever the reader's is."""
    return date_format(moment.astimezone(ZoneInfo(zone)), _("j F Y, H:i"))
