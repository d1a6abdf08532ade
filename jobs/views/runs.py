"""Pages of jobs: the list, the jobs of a draft, a job, and the estimate of a run."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Exists, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from candidates.access import Request, draft_for
from candidates.forms import INVALID_RUN_MESSAGE, RunForm
from candidates.models import Draft, Event, Preference
from candidates.models.analysis import InsightsMode
from candidates.models.draft import Role
from candidates.pages import durations, live
from candidates.pages.activity import describe
from candidates.reasons import sentence, sentences
from candidates.scoring.rubric import InvalidRubric
from jobs.access import job_for
from jobs.execution import in_request, submit
from jobs.execution.estimate import estimate_run
from jobs.execution.progress import JobProgress, job_progress, progress_by_analysis
from jobs.models import Halt, Heartbeat, Job

from . import pulse

JOBS_PER_PAGE = 20
MAX_EVENTS_SHOWN = 100
FIRST_PERIOD = timedelta(seconds=30)  # of a job, in which its page is refreshed every second
LAST_PERIOD = timedelta(minutes=2)  # of a job, in which its page is refreshed more often again


@require_safe
def jobs(request: Request) -> HttpResponse:
    """All jobs of the user, the newest first. Five queries."""
    visible = Job.objects.visible_to(request.user).select_related("analysis__draft")
    page = Paginator(visible, JOBS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/jobs.html", {"page": page, "rows": job_rows(page.object_list)})


@require_safe
@vary_on_headers("HX-Request")
def of_draft(request: Request, public_id: UUID) -> HttpResponse:
    """The jobs of a draft: a page, and the part of the draft's page that lists them."""
    draft = draft_for(request.user, public_id)
    jobs = Job.objects.filter(analysis__draft=draft).select_related("analysis")
    page = Paginator(jobs, JOBS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"draft": draft, "page": page, "rows": job_rows(page.object_list)}
    part = "#runs" if live.is_refresh(request) else ""
    return render(request, f"jobs/draft_jobs.html{part}", context)


@require_safe
@vary_on_headers("HX-Request")
def job(request: Request, public_id: UUID) -> HttpResponse:
    """The page of a job; its progress refreshes by itself until the job is over. Eleven queries."""
    is_refresh = live.is_refresh(request)
    # The pulse is read before the state that it stands for: the next poll sees a change in between.
    session = request.session.session_key or ""
    job_pulse = pulse.read_pulse(session, public_id) if is_refresh else ""
    job = job_for(request.user, public_id)
    context = _progress_context(job)
    state = _progress_digest(job, context)
    pulse.remember(request, public_id, live.etag(state), job_pulse)
    if (unchanged := live.unchanged_response(request, state)) is not None:
        return unchanged
    context |= {"state": live.etag(state), **_details_context(request, job, context)}
    if not is_refresh:
        return render(request, "jobs/job.html", context)
    answer = render(request, "jobs/job.html#progress", context)
    answer.headers["ETag"] = live.etag(state)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _progress_context(job: Job) -> dict[str, Any]:
    """What a poll compares. Five queries at most."""
    progress = job_progress(job)
    is_running = job.is_open and not job.is_paused
    return {
        "job": job,
        "progress": progress,
        "followups": job.analysis.followup_tally(),
        "poll_seconds": _poll_seconds(job, progress),
        # `job_for` annotates it.
        "halted": job.halted if is_running else None,  # type: ignore[attr-defined]
        "no_workers": is_running and not Heartbeat.objects.alive().exists(),
    }


def _progress_digest(job: Job, context: dict[str, Any]) -> str:
    progress: JobProgress = context["progress"]
    return live.digest(
        job.status,
        job.paused_at,
        (progress.total, progress.scored, progress.failed, progress.unreadable, progress.waiting),
        (progress.rate and progress.pace, progress.time_left),
        (context["followups"], context["halted"], context["no_workers"]),
        (get_language(), context["poll_seconds"]),
    )


def _details_context(request: Request, job: Job, context: dict[str, Any]) -> dict[str, Any]:
    """The rest of the page: rights, results without a score, and the timeline. Three queries."""
    progress: JobProgress = context["progress"]
    has_failures = progress.failed or progress.waiting or any(context["followups"].values())
    may_control = Role(job.role).may(Role.EDITOR)  # type: ignore[attr-defined]
    # The timeline of a retry begins with the first job of its analysis.
    jobs = job.analysis.jobs.values("public_id")
    events = Event.objects.filter(draft=job.analysis.draft_id, about__in=jobs)
    events = events.select_related("actor").order_by("-created_at", "-pk")[:MAX_EVENTS_SHOWN]
    has_unscored = progress.failed or progress.unreadable
    return {
        "analysis": job.analysis,
        "draft": job.analysis.draft,
        "duration": durations.short(job.took),
        "may_control": may_control,
        "may_notify": job.is_open and Preference.of(request.user).browser,
        "may_retry": may_control and not job.is_open and (has_failures or not progress.total),
        "unscored": job.analysis.evaluations.unscored() if has_unscored else [],
        "events": [(event, describe(event)) for event in reversed(events)],
    }


def _poll_seconds(job: Job, progress: JobProgress) -> int:
    """Seconds until the page polls again: few at the beginning and near the end of a job; more in
    the long time between, so that many open pages cost little."""
    if job.is_paused:
        return 10
    if timezone.now() - (job.started_at or job.created_at) < FIRST_PERIOD:
        return 1
    return 4 if progress.left is not None and progress.left < LAST_PERIOD else 10


@require_safe
@vary_on_headers("HX-Request")
def estimate(request: Request, public_id: UUID) -> HttpResponse:
    """What a run would take, and whether a worker would start it: a page, and the part of the
    draft's page that shows it. Fifteen queries at most."""
    draft = draft_for(request.user, public_id)
    form = RunForm(request.GET if "insights_mode" in request.GET else None)
    row = (
        Draft.objects.filter(pk=draft.pk)
        .values_list(
            ~Exists(Heartbeat.objects.alive()), Subquery(Halt.objects.values("reason")[:1])
        )
        .first()
    )
    if row is None:
        raise Http404("The draft has been erased in between.")
    no_workers, halted = row
    context: dict[str, Any] = {
        "draft": draft,
        "form": form,
        "no_workers": no_workers,
        "halted": halted,
        "runs_in_request": halted is None and in_request.fits_in_request(draft.pk),
        **_estimate_context(draft, form),
    }
    part = "#figures" if live.is_refresh(request) else ""
    return render(request, f"jobs/estimate.html{part}", context)


def _estimate_context(draft: Draft, form: RunForm) -> dict[str, Any]:
    """The estimate of a run with the options of the form, or the error that prevents the run."""
    if form.is_bound and not form.is_valid():
        return {"error": _(INVALID_RUN_MESSAGE)}
    if refusal := submit.size_refusal(draft.pk):
        return {"error": sentence(refusal)}
    options = form.cleaned_data if form.is_bound else {}
    mode = InsightsMode(options.get("insights_mode", InsightsMode.TOP))
    try:
        estimated = estimate_run(
            draft, mode=mode, top_n=options.get("top_n"), repeats=options.get("repeats", False)
        )
    except InvalidRubric as error:
        return {"mode": mode.label, "error": sentence(error.reason)}
    return {"mode": mode.label, "estimate": estimated}


def job_rows(jobs: Iterable[Job]) -> list[dict[str, Any]]:
    """The jobs, each with the progress of its analysis and the reason of its pause. Two further
    queries at most."""
    jobs = list(jobs)
    progress = progress_by_analysis(jobs)
    pauses = sentences(job.pause_reason for job in jobs)
    return [
        {"job": job, "progress": progress[job.analysis_id], "paused_for": paused_for}
        for job, paused_for in zip(jobs, pauses, strict=True)
    ]
