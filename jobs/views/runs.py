"""Pages of jobs, and the requests that steer them: run, pause, resume, cancel, retry, repeat."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Count, Exists, Max, Q, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext_lazy, gettext_noop, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from candidates.access import Request, analysis_for, draft_for
from candidates.facts.reason import Reason
from candidates.forms import RunForm
from candidates.models import Draft, Evaluation, Event, Preference
from candidates.models.analysis import OPEN_EVALUATION_STATUSES, EvaluationStatus, InsightsMode
from candidates.models.draft import Role
from candidates.pages import live
from candidates.reasons import sentence, sentences
from candidates.scoring.rubric import InvalidRubric
from jobs.access import job_for
from jobs.execution import in_request, submit
from jobs.execution.estimate import estimate_run
from jobs.execution.pause import pause_job, resume_job
from jobs.models import Halt, Heartbeat, Job, JobStatus

from . import pulse

JOBS_A_PAGE = 20
WHOM = gettext_noop("Say for whom insights are wanted, and for how many (1 to 1,000).")
EVENTS_SHOWN = 100
WINDOW = timedelta(seconds=30)  # that the pace is taken from
ENOUGH = 5  # résumés in it
EAGER = timedelta(seconds=30)
SOON = timedelta(minutes=2)
VERBS = {
    "queued": gettext_lazy("Queued"),
    "started": gettext_lazy("Started"),
    "retried": gettext_lazy("Retried"),
    "repeats asked for": gettext_lazy("Repeats asked for"),
    "paused": gettext_lazy("Paused"),
    "resumed": gettext_lazy("Resumed"),
    "cancelled": gettext_lazy("Cancelled"),
    "requeued": gettext_lazy("Sent to the queue again"),
    "priority raised": gettext_lazy("Priority raised"),
    "priority lowered": gettext_lazy("Priority lowered"),
    "résumé taken out": gettext_lazy("Résumé taken out"),
    "completed": gettext_lazy("Completed"),
    "failed": gettext_lazy("Failed"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an analysis is. Counts are of evaluations, `left` a rough time to the end."""

    total: int
    scored: int
    failed: int
    unreadable: int
    waiting: int
    rate: float = 0.0  # a second, of late
    left: timedelta | None = None

    @property
    def done(self) -> int:
        return self.total - self.waiting

    @property
    def percent(self) -> int:
        # 100 is for what is finished, not for what is nearly so.
        return 100 * self.done // self.total if self.total else 0

    @property
    def pace(self) -> str:
        if self.rate >= 1:
            return _("%(number)s a second") % {"number": number_format(round(self.rate, 1), 1)}
        return _("%(number)s a minute") % {"number": number_format(round(60 * self.rate, 1), 1)}

    @property
    def time_left(self) -> str:
        return about(self.left) if self.left is not None else ""


@require_safe
def jobs(request: Request) -> HttpResponse:
    """All jobs of the user, the newest first. Five queries."""
    mine = Job.objects.visible_to(request.user).select_related("analysis__draft")
    page = Paginator(mine, JOBS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/jobs.html", {"page": page, "rows": job_rows(page.object_list)})


@require_safe
@vary_on_headers("HX-Request")
def of_draft(request: Request, public_id: Any) -> HttpResponse:
    """The jobs of one draft: a page, and the part of the draft's page that lists them."""
    draft = draft_for(request.user, public_id)
    mine = Job.objects.filter(analysis__draft=draft).select_related("analysis")
    page = Paginator(mine, JOBS_A_PAGE).get_page(request.GET.get("page"))
    context = {"draft": draft, "page": page, "rows": job_rows(page.object_list)}
    part = "#runs" if live.is_refresh(request) else ""
    return render(request, f"jobs/of_draft.html{part}", context)


@require_safe
@vary_on_headers("HX-Request")
def job(request: Request, public_id: Any) -> HttpResponse:
    """One job; the part that lives refreshes by itself until the job is over. Eleven queries."""
    # Before what it stands for is read: what changes in between is then found by the next poll.
    refresh = live.is_refresh(request)
    felt = pulse.feel(request.session.session_key or "", public_id) if refresh else ""
    job = job_for(request.user, public_id)
    progress = _progress(job)
    after = job.analysis.followups.tally()
    works = job.is_open and not job.is_paused
    # `job_for` asks for it.
    halted = job.halted if works else None  # type: ignore[attr-defined]
    nobody = works and not Heartbeat.objects.alive().exists()
    state = live.digest(
        job.status,
        job.paused_at,
        (progress.total, progress.scored, progress.failed, progress.unreadable, progress.waiting),
        (progress.rate and progress.pace, progress.time_left),
        (after, halted, nobody, get_language(), _every(job, progress)),
    )
    pulse.remember(request, public_id, live.etag(state), felt)
    if (unchanged := live.nothing_new(request, state)) is not None:
        return unchanged
    # Of a retry the timeline begins where its analysis does.
    runs = job.analysis.jobs.values("public_id")
    events = Event.objects.filter(draft=job.analysis.draft_id, about__in=runs)
    events = events.select_related("actor").order_by("-at", "-pk")[:EVENTS_SHOWN]
    may = Role(job.role).may(Role.EDITOR)  # type: ignore[attr-defined]
    context = {
        "job": job,
        "analysis": job.analysis,
        "draft": job.analysis.draft,
        "progress": progress,
        "after": after,
        "state": live.etag(state),
        "every": _every(job, progress),
        "halted": halted,
        "nobody_works": nobody,
        "took": _whole_seconds(job.took) if job.took else None,
        "may_steer": may,
        "may_tell": job.is_open and Preference.of(request.user).browser,
        "may_retry": may
        and not job.is_open
        and (progress.failed or progress.waiting or any(after.values()) or not progress.total),
        "troubles": job.analysis.evaluations.unscored()
        if progress.failed or progress.unreadable
        else [],
        "events": [(event, VERBS.get(event.verb, event.verb)) for event in reversed(events)],
    }
    part = "#progress" if refresh else ""
    answer = render(request, f"jobs/job.html{part}", context)
    if part:
        answer.headers["ETag"] = live.etag(state)
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _every(job: Job, progress: Progress) -> int:
    """Seconds until its page asks again: often while there is much to see, at the beginning and
    near the end; seldom in the long stretch between, so that many open pages cost little."""
    if job.is_paused:
        return 10
    began = job.started_at or job.created_at
    if timezone.now() - began < EAGER:
        return 1
    return 4 if progress.left is not None and progress.left < SOON else 10


@require_safe
@vary_on_headers("HX-Request")
def estimate(request: Request, public_id: Any) -> HttpResponse:
    """What a run would take, and whether anybody would take it up: a page, and the part of the
    draft's page that shows it. Fifteen queries at most."""
    draft = draft_for(request.user, public_id)
    form = RunForm(request.GET if "insights_mode" in request.GET else None)
    alive = Heartbeat.objects.alive()
    waits = Draft.objects.filter(pk=draft.pk).values_list(
        ~Exists(alive), Subquery(Halt.objects.values("reason")[:1])
    )
    found = waits.first()
    if found is None:
        raise Http404("The draft has been erased meanwhile.")
    nobody, halted = found
    context: dict[str, Any] = {
        "draft": draft,
        "form": form,
        "nobody_works": nobody,
        "halted": halted,
        "answers_here": halted is None and in_request.fits_in_request(draft.pk),
    }
    if form.is_bound and not form.is_valid():
        context["trouble"] = _(WHOM)
    elif too_many := submit.size_refusal(draft.pk):
        context["trouble"] = sentence(too_many)
    else:
        wanted = form.cleaned_data if form.is_bound else {}
        context["mode"] = InsightsMode(wanted.get("insights_mode", InsightsMode.TOP)).label
        try:
            context["estimate"] = estimate_run(
                draft,
                mode=wanted.get("insights_mode", InsightsMode.TOP),
                top_n=wanted.get("top_n"),
                repeats=wanted.get("repeats", False),
            )
        except InvalidRubric as error:
            context["trouble"] = sentence(error.reason)
    part = "#figures" if live.is_refresh(request) else ""
    return render(request, f"jobs/estimate.html{part}", context)


@require_POST
def run(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    form = RunForm(request.POST)
    if not form.is_valid():
        messages.error(request, _(WHOM))
        return redirect(draft)
    try:
        job = submit.submit(
            draft,
            request.user,
            mode=form.cleaned_data["insights_mode"],
            top_n=form.cleaned_data["top_n"],
            repeats=form.cleaned_data["repeats"],
            key=form.cleaned_data["key"],
        )
    except submit.CannotRun as error:
        messages.error(request, sentence(error.reason))
        return redirect(draft)
    in_request.work_in_request(job)
    job.refresh_from_db(fields=["status"])
    return redirect(job.analysis if job.status == JobStatus.COMPLETED else job)


@require_POST
def repeat(request: Request, public_id: Any) -> HttpResponse:
    """Have a few of an analysis scored once more."""
    analysis = analysis_for(request.user, public_id, Role.EDITOR)
    try:
        return redirect(submit.repeat(analysis, request.user))
    except submit.CannotRun as error:
        messages.info(request, sentence(error.reason))
    return redirect(analysis)


@require_POST
def cancel(request: Request, public_id: Any) -> HttpResponse:
    job = job_for(request.user, public_id, Role.EDITOR)
    if submit.cancel(job, request.user):
        messages.success(request, _("The job is cancelled. Scores so far are kept."))
    else:
        messages.info(request, _("The job was already over."))
    return redirect(job)


@require_POST
def pause(request: Request, public_id: Any) -> HttpResponse:
    job = job_for(request.user, public_id, Role.EDITOR)
    if pause_job(job, request.user):
        messages.success(
            request, _("The job is paused. Answers that are on their way still count.")
        )
    else:
        messages.info(
            request, _("There was nothing to pause: the job was paused already, or over.")
        )
    return redirect(job)


@require_POST
def resume(request: Request, public_id: Any) -> HttpResponse:
    job = job_for(request.user, public_id, Role.EDITOR)
    if resume_job(job, request.user):
        messages.success(request, _("The job goes on where it stopped."))
    else:
        messages.info(request, _("There was nothing to resume: the job is not paused."))
    return redirect(job)


@require_POST
def retry(request: Request, public_id: Any) -> HttpResponse:
    """Retry what has no score, or what failed for the `reason` that is posted as JSON."""
    job = job_for(request.user, public_id, Role.EDITOR)
    try:
        reason = _posted(request.POST.get("reason", ""))
    except (ValueError, RecursionError) as error:
        raise BadRequest("No such reason.") from error
    try:
        again = submit.retry(job, request.user, reason)
    except submit.CannotRun as error:
        messages.info(request, sentence(error.reason))
        return redirect(job)
    return redirect(again)


def job_rows(jobs: Any) -> list[dict[str, Any]]:
    """Each job with the counts of its analysis and why it is paused. Two queries more at most."""
    jobs = list(jobs)
    counts: dict[int, dict[str, int]] = {}
    counted = (
        Evaluation.objects.filter(analysis__in={job.analysis_id for job in jobs})
        .order_by()
        .values_list("analysis", "status")
    )
    for analysis_id, status, number in counted.annotate(number=Count("pk")):
        counts.setdefault(analysis_id, {})[status] = number
    pauses = sentences(job.pause_reason for job in jobs)
    return [
        {
            "job": job,
            "progress": _counted(counts.get(job.analysis_id, {})),
            "paused_for": paused_for,
        }
        for job, paused_for in zip(jobs, pauses, strict=True)
    ]


def _posted(text: str) -> Reason | None:
    """The reason that a form names, None where it names none. Raises ValueError for nonsense."""
    return Reason.from_json(json.loads(text)) if text else None


def _counted(by_status: dict[str, int]) -> Progress:
    return Progress(
        total=sum(by_status.values()),
        scored=by_status.get(EvaluationStatus.SCORED, 0),
        failed=by_status.get(EvaluationStatus.FAILED, 0),
        unreadable=by_status.get(EvaluationStatus.UNREADABLE, 0),
        waiting=sum(by_status.get(status, 0) for status in OPEN_EVALUATION_STATUSES),
    )


def _whole_seconds(time: timedelta) -> timedelta:
    return timedelta(seconds=round(time.total_seconds()))


def about(time: timedelta) -> str:
    """As a person would say it who does not know it to the second."""
    seconds = time.total_seconds()
    if seconds < 10:
        return _("a few seconds")
    if seconds < 60:
        return _("less than a minute")
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes}
    hours = round(minutes / 60)
    return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}


def _progress(job: Job) -> Progress:
    """The counts of the job's analysis, and its pace. One query; three at most while it runs."""
    tally = job.analysis.evaluations.tally()
    progress = _counted({status: tally[status] for status in EvaluationStatus})
    if job.status != JobStatus.PROCESSING or job.started_at is None or job.is_paused:
        return progress
    # A retry finds scores made before it; they say nothing about its pace. Nor does a pause.
    began = job.started_at
    if job.pauses:
        resumed = Event.objects.filter(about=job.public_id, verb="resumed")
        began = max(began, resumed.aggregate(at=Max("at"))["at"] or began)
    now = timezone.now()
    lately = max(began, now - WINDOW)
    counted = job.analysis.evaluations.filter(scored_at__gte=began).aggregate(
        all=Count("pk"), lately=Count("pk", filter=Q(scored_at__gte=lately))
    )
    # Of late, so that it settles soon after the pace has changed; where that is but a handful,
    # since the beginning.
    number, since = counted["lately"], lately
    if number < ENOUGH:
        number, since = counted["all"], began
    seconds = (now - since).total_seconds()
    if not number or seconds <= 0:
        return progress
    rate = number / seconds
    left = timedelta(seconds=progress.waiting / rate)
    return replace(progress, rate=rate, left=_whole_seconds(left))
