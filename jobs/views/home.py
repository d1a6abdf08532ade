"""The home page: what needs attention, what is running, the user's drafts, and first steps."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from candidates.access import Request
from candidates.models import Candidate, Draft, Membership, RankingVisit
from candidates.models.candidate import CandidateStatus
from candidates.pages import live
from candidates.pages.draft_list import draft_rows
from candidates.reasons import sentence
from candidates.scoring import engines
from jobs.execution import samples, submit
from jobs.models import Job, JobQuerySet, JobStatus

from .runs import job_rows

MAX_SHOWN_PER_KIND = 5  # of what needs attention
MAX_RUNNING_SHOWN = 10
RECENT_PERIOD = timedelta(days=30)  # in which a finished run is still news


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """What needs the user's attention. `unreadable`, drafts with unreadable files, has one row more
    than is shown where there are more."""

    invitations: list[Membership]
    unseen: list[Job]
    failed: list[Job]
    paused: list[dict[str, Any]]
    unreadable: list[dict[str, Any]]

    def __bool__(self) -> bool:
        return any((self.invitations, self.unseen, self.failed, self.paused, self.unreadable))


@require_safe
@vary_on_headers("HX-Request")
def home(request: Request) -> HttpResponse:
    """The home page. Twelve queries; seven for the part that refreshes while a job runs."""
    jobs = Job.objects.visible_to(request.user).select_related("analysis__draft")
    rows = job_rows(jobs.open()[:MAX_RUNNING_SHOWN])
    needs = _needs_attention(request, jobs, rows)
    state = live.digest(
        [(row["job"].pk, row["job"].status, row["progress"]) for row in rows], needs
    )
    if (unchanged := live.unchanged_response(request, state)) is not None:
        return unchanged
    running = [row for row in rows if not row["job"].is_paused]
    context: dict[str, Any] = {
        "running": running,
        "needs": needs,
        "state": state,
        "is_live": bool(running),
        "max_shown": MAX_SHOWN_PER_KIND,
    }
    if live.is_refresh(request):
        return render(request, "jobs/home.html#live", context)
    page, drafts = draft_rows(request)
    _add_last_jobs(drafts)
    first = drafts[0] if page.paginator.count == 1 else None
    context |= {
        "page": page,
        "rows": drafts,
        "first": first,
        "is_new_user": page.paginator.count == 0 or (first is not None and not first["last"]),
    }
    return render(request, "jobs/home.html", context)


@require_POST
def sample(request: Request) -> HttpResponse:
    """Create the sample draft, and run it with the built-in engine, which costs nothing."""
    draft = samples.sample_draft(request.user)
    local = engines.LOCAL
    try:
        job = submit.submit(draft, request.user, engine=local, model=engines.default_model(local))
    except submit.CannotRun as error:
        messages.error(request, sentence(error.reason))
        return redirect(draft)
    messages.success(
        request,
        _(
            "This is the sample draft, with the résumés of fictional people. The built-in engine "
            "ranks them; erase the draft when you have seen enough."
        ),
    )
    return redirect(job)


def _needs_attention(
    request: Request, jobs: JobQuerySet, running: list[dict[str, Any]]
) -> NeedsAttention:
    """What needs the user's attention, the newest first. Three queries."""
    visits = RankingVisit.objects.filter(
        user=request.user, analysis=OuterRef("analysis"), visited_at__gte=OuterRef("completed_at")
    )
    later = Job.objects.filter(analysis=OuterRef("analysis"), created_at__gt=OuterRef("created_at"))
    finished = jobs.filter(
        status__in=(JobStatus.COMPLETED, JobStatus.FAILED), completed_at__gt=Now() - RECENT_PERIOD
    )
    unseen = list(finished.exclude(Exists(visits)).exclude(Exists(later))[: 2 * MAX_SHOWN_PER_KIND])
    invitations = Membership.objects.filter(user=request.user, opened_at=None)
    unreadable: Any = (
        Candidate.objects.filter(
            draft__in=Draft.objects.editable_by(request.user), status=CandidateStatus.UNREADABLE
        )
        .order_by()
        .values("draft__public_id", "draft__title")
        .annotate(number=Count("pk"))
        .order_by("-number", "draft")
    )
    return NeedsAttention(
        invitations=list(invitations.select_related("draft", "invited_by")[:MAX_SHOWN_PER_KIND]),
        unseen=[job for job in unseen if job.status == JobStatus.COMPLETED][:MAX_SHOWN_PER_KIND],
        failed=[job for job in unseen if job.status == JobStatus.FAILED][:MAX_SHOWN_PER_KIND],
        paused=[row for row in running if row["job"].is_paused],
        unreadable=list(unreadable[: MAX_SHOWN_PER_KIND + 1]),
    )


def _add_last_jobs(drafts: list[dict[str, Any]]) -> None:
    """Add the last job of each draft's last analysis. One query."""
    runs = [row["last"].pk for row in drafts if row["last"]]
    last = Job.objects.filter(analysis__in=runs).order_by("analysis", "-created_at", "-pk")
    jobs = {job.analysis_id: job for job in last.distinct("analysis")}
    for row in drafts:
        row["job"] = jobs.get(row["last"].pk) if row["last"] else None
