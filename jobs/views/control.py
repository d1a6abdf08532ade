"""Requests that control jobs: run, repeat, cancel, pause, resume, retry."""

import json
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from candidates.access import Request, analysis_for, draft_for
from candidates.facts.reason import Reason
from candidates.forms import INVALID_RUN_MESSAGE, RunForm
from candidates.models.draft import Role
from candidates.reasons import sentence
from jobs.access import job_for
from jobs.execution import in_request, submit
from jobs.execution.pause import pause_job, resume_job
from jobs.models import JobStatus


@require_POST
def run(request: Request, public_id: UUID) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    form = RunForm(request.POST)
    if not form.is_valid():
        messages.error(request, _(INVALID_RUN_MESSAGE))
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
def repeat(request: Request, public_id: UUID) -> HttpResponse:
    """Score a sample of an analysis again."""
    analysis = analysis_for(request.user, public_id, Role.EDITOR)
    try:
        return redirect(submit.repeat(analysis, request.user))
    except submit.CannotRun as error:
        messages.info(request, sentence(error.reason))
    return redirect(analysis)


@require_POST
def cancel(request: Request, public_id: UUID) -> HttpResponse:
    job = job_for(request.user, public_id, Role.EDITOR)
    if submit.cancel(job, request.user):
        messages.success(request, _("The job is cancelled. Scores so far are kept."))
    else:
        messages.info(request, _("The job was already over."))
    return redirect(job)


@require_POST
def pause(request: Request, public_id: UUID) -> HttpResponse:
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
def resume(request: Request, public_id: UUID) -> HttpResponse:
    job = job_for(request.user, public_id, Role.EDITOR)
    if resume_job(job, request.user):
        messages.success(request, _("The job goes on where it stopped."))
    else:
        messages.info(request, _("There was nothing to resume: the job is not paused."))
    return redirect(job)


@require_POST
def retry(request: Request, public_id: UUID) -> HttpResponse:
    """Retry evaluations without a score, or those that failed for the `reason`, posted as JSON."""
    job = job_for(request.user, public_id, Role.EDITOR)
    try:
        reason = _posted_reason(request.POST.get("reason", ""))
    except (ValueError, RecursionError) as error:
        raise BadRequest("No such reason.") from error
    try:
        again = submit.retry(job, request.user, reason)
    except submit.CannotRun as error:
        messages.info(request, sentence(error.reason))
        return redirect(job)
    return redirect(again)


def _posted_reason(text: str) -> Reason | None:
    """The reason in a form; None without one. Raises ValueError when it is not valid."""
    return Reason.from_json(json.loads(text)) if text else None
