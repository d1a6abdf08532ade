"""Pages of jobs, and every request that makes a worker start: upload, run, cancel, retry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import TooManyFilesSent
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from candidates import intake
from candidates.access import Request, draft_for
from candidates.forms import PieceForm, RunForm
from candidates.models import Draft, Evaluation, Event
from candidates.models.analysis import OPEN as UNSCORED
from candidates.models.analysis import Status as Scored
from candidates.views import live

from . import submit
from .access import job_for
from .models import Heartbeat, Job, Status

JOBS_A_PAGE = 20
# What a browser without our script may send at once; proxies in front of us end near it.
PLAIN_REQUEST_MAX = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an analysis is. Counts are of evaluations, `left` a rough time to the end."""

    total: int
    scored: int
    failed: int
    unreadable: int
    waiting: int
    rate: float = 0.0  # a second, since the job began
    left: timedelta | None = None

    @property
    def done(self) -> int:
        return self.total - self.waiting

    @property
    def percent(self) -> int:
        # 100 is for what is finished, not for what is nearly so.
        return 100 * self.done // self.total if self.total else 0


@require_safe
def jobs(request: Request) -> HttpResponse:
    """All jobs of the user, the newest first. Five queries."""
    mine = Job.objects.visible_to(request.user).select_related("analysis__draft")
    page = Paginator(mine, JOBS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/jobs.html", {"page": page, "rows": _rows(page.object_list)})


@require_safe
@vary_on_headers("HX-Request")
def of_draft(request: Request, public_id: Any) -> HttpResponse:
    """The jobs of one draft: a page, and the part of the draft's page that lists them."""
    draft = draft_for(request.user, public_id)
    mine = Job.objects.filter(analysis__draft=draft).select_related("analysis")
    page = Paginator(mine, JOBS_A_PAGE).get_page(request.GET.get("page"))
    context = {"draft": draft, "page": page, "rows": _rows(page.object_list)}
    part = "#runs" if live.is_refresh(request) else ""
    return render(request, f"jobs/of_draft.html{part}", context)


@require_safe
@vary_on_headers("HX-Request")
def job(request: Request, public_id: Any) -> HttpResponse:
    """One job; the part that lives refreshes by itself until the job is over. Seven queries."""
    job = job_for(request.user, public_id)
    progress = _progress(job)
    nobody = job.is_open and not Heartbeat.objects.alive().exists()
    state = live.digest(job.status, progress, nobody)
    if (unchanged := live.nothing_new(request, state)) is not None:
        return unchanged
    events = Event.objects.filter(draft=job.analysis.draft_id, about=job.public_id)
    context = {
        "job": job,
        "analysis": job.analysis,
        "draft": job.analysis.draft,
        "progress": progress,
        "state": state,
        "nobody_works": nobody,
        "took": _whole_seconds(job.took) if job.took else None,
        "may_retry": not job.is_open
        and (progress.failed or progress.waiting or not progress.total),
        "events": events.select_related("actor"),
    }
    part = "#progress" if live.is_refresh(request) else ""
    return render(request, f"jobs/job.html{part}", context)


@require_POST
def run(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id)
    form = RunForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say for whom insights are wanted, and for how many (1 to 1,000).")
        return redirect(draft)
    try:
        job = submit.submit(
            draft,
            request.user,
            mode=form.cleaned_data["insights_mode"],
            top_n=form.cleaned_data["top_n"],
        )
    except submit.CannotRun as error:
        messages.error(request, str(error))
        return redirect(draft)
    return redirect(job)


@require_POST
def cancel(request: Request, public_id: Any) -> HttpResponse:
    job = job_for(request.user, public_id)
    if submit.cancel(job, request.user):
        messages.success(request, "The job is cancelled. Scores so far are kept.")
    else:
        messages.info(request, "The job was already over.")
    return redirect(job)


@require_POST
def retry(request: Request, public_id: Any) -> HttpResponse:
    job = job_for(request.user, public_id)
    try:
        again = submit.retry(job, request.user)
    except submit.CannotRun as error:
        messages.info(request, str(error))
        return redirect(job)
    return redirect(again)


@csrf_exempt  # the part below asks for the token, once the size is known to be bearable
@require_POST
def upload(request: Request, public_id: Any) -> HttpResponse:
    """Take in files: from the script as JSON, from a plain form with a redirect.

    The size is looked at before anything else: whatever reads a field reads the whole body.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > PLAIN_REQUEST_MAX:
        return _too_much(
            request,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "These files are more than 100 MB together. Send fewer at a time.",
        )
    try:
        return _upload(request, public_id)
    except TooManyFilesSent:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return _too_much(
            request,
            HTTPStatus.BAD_REQUEST,
            f"These are more than {most} files in one request. Send up to {most} at a time.",
        )


@csrf_protect
def _upload(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id)
    files = [intake.from_upload(file) for file in request.FILES.getlist("files")]
    with _all_or_nothing(draft):
        outcomes = _take_in(draft, request, files)
    if _wants_json(request):
        return JsonResponse({"files": [_told(outcome) for outcome in outcomes]})
    _tell(request, outcomes)
    return redirect(draft)


@csrf_exempt  # as above
@require_POST
def piece(request: Request, public_id: Any) -> HttpResponse:
    """Take in one part of a large file; the last part puts the file together."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return JsonResponse(
            {"error": "The part of the file is too large."},
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    return _piece(request, public_id)


@csrf_protect
def _piece(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id)
    form = PieceForm(request.POST, request.FILES)
    if not form.is_valid() or form.cleaned_data["number"] >= form.cleaned_data["total"]:
        return JsonResponse(
            {"error": "This part of the file is not complete."}, status=HTTPStatus.BAD_REQUEST
        )
    part = form.cleaned_data
    with _all_or_nothing(draft):
        intake.keep_piece(draft, part["upload"], part["number"], part["piece"].read())
        if part["number"] + 1 < part["total"]:
            return JsonResponse({"files": []})
        try:
            file = intake.join_pieces(draft, part["upload"], part["name"], part["total"])
        except intake.PieceMissing as missing:
            return JsonResponse({"error": str(missing)}, status=HTTPStatus.CONFLICT)
        outcomes = _take_in(draft, request, [file])
    return JsonResponse({"files": [_told(outcome) for outcome in outcomes]})


def _take_in(draft: Draft, request: Request, files: list[intake.Incoming]) -> list[intake.Outcome]:
    """Store the files and wake those who read them, in the caller's transaction."""
    outcomes = intake.accept(draft, request.user, files)
    if any(outcome.candidate or outcome.archive for outcome in outcomes):
        submit.wake_readers(draft.pk)
    return outcomes


@contextmanager
def _all_or_nothing(draft: Draft) -> Iterator[None]:
    """A transaction about `draft`. Raises Http404 when somebody erased the draft meanwhile."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        # The new rows' keys are checked at the very end.
        if Draft.objects.filter(pk=draft.pk).exists():
            raise
        raise Http404("The draft has been erased.") from error


def _told(outcome: intake.Outcome) -> dict[str, str]:
    if outcome.refused:
        return {"name": outcome.name, "outcome": "refused", "reason": outcome.refused}
    if outcome.duplicate_of:
        return {
            "name": outcome.name,
            "outcome": "duplicate",
            "reason": f"The same file as {outcome.duplicate_of}; it counts once.",
        }
    if outcome.archive:
        reason = "It is being unpacked; its files are listed as they come out."
        return {"name": outcome.name, "outcome": "accepted", "reason": reason}
    return {"name": outcome.name, "outcome": "accepted", "reason": ""}


def _tell(request: Request, outcomes: list[intake.Outcome]) -> None:
    if not outcomes:
        messages.error(request, "No file came along. Choose one or more files first.")
    accepted = sum(not (outcome.refused or outcome.duplicate_of) for outcome in outcomes)
    if accepted:
        messages.success(request, f"{accepted} file{'s' * (accepted != 1)} added.")
    for outcome in outcomes:
        if outcome.refused or outcome.duplicate_of:
            told = _told(outcome)
            messages.warning(request, f"{told['name'] or 'A file'}: {told['reason']}")


def _wants_json(request: Request) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _too_much(request: Request, status: HTTPStatus, sentence: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"error": sentence}, status=status)
    return render(request, "too_much.html", {"sentence": sentence}, status=status)


def _rows(jobs: Any) -> list[dict[str, Any]]:
    """Each job with the counts of its analysis. One query more."""
    jobs = list(jobs)
    counts: dict[int, dict[str, int]] = {}
    counted = (
        Evaluation.objects.filter(analysis__in={job.analysis_id for job in jobs})
        .order_by()
        .values_list("analysis", "status")
    )
    for analysis_id, status, number in counted.annotate(number=Count("pk")):
        counts.setdefault(analysis_id, {})[status] = number
    return [{"job": job, "progress": _counted(counts.get(job.analysis_id, {}))} for job in jobs]


def _counted(by_status: dict[str, int]) -> Progress:
    return Progress(
        total=sum(by_status.values()),
        scored=by_status.get(Scored.SCORED, 0),
        failed=by_status.get(Scored.FAILED, 0),
        unreadable=by_status.get(Scored.UNREADABLE, 0),
        waiting=sum(by_status.get(status, 0) for status in UNSCORED),
    )


def _whole_seconds(time: timedelta) -> timedelta:
    return timedelta(seconds=round(time.total_seconds()))


def _progress(job: Job) -> Progress:
    """The counts of the job's analysis, and its pace. Two queries while it runs, else one."""
    tally = job.analysis.evaluations.tally()
    progress = _counted({status: tally[status] for status in Scored})
    if job.status != Status.PROCESSING or job.started_at is None:
        return progress
    # A retry finds scores made before it; they say nothing about its pace.
    mine = job.analysis.evaluations.filter(scored_at__gte=job.started_at).count()
    seconds = (timezone.now() - job.started_at).total_seconds()
    if not mine or seconds <= 0:
        return progress
    rate = mine / seconds
    return Progress(
        progress.total,
        progress.scored,
        progress.failed,
        progress.unreadable,
        progress.waiting,
        rate=round(rate, 1),
        left=_whole_seconds(timedelta(seconds=progress.waiting / rate)),
    )
