"""Creating, retrying and cancelling jobs, and the lanes that work on them.

Pages, command line, demo and schedules all create jobs here. A submission writes the job, its
analysis and the queue's message in one transaction, and reads nothing that grows with the number of
candidates, unless MAX_BATCH has them counted: the first lane enrols them.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from candidates.facts.reason import FailureCode, Param, Reason, ReasonedError
from candidates.models import Analysis, Candidate, Draft, Event, EventVerb, FollowUp, TokenCount
from candidates.models.analysis import InsightsMode
from candidates.models.followup import FollowUpKind
from candidates.models.reason import error_columns
from candidates.scoring import engines
from candidates.scoring.rubric import InvalidRubric
from jobs import queue, tracing
from jobs.models import Heartbeat, Job, JobStatus, Lane
from jobs.models.job import Priority

if TYPE_CHECKING:
    from django.contrib.auth.models import User


log = logging.getLogger(__name__)


class CannotRun(ReasonedError):
    """The draft cannot be analysed as it is."""


def _cannot(code: FailureCode, **params: Param) -> CannotRun:
    return CannotRun(Reason(code, params))


def submit(
    draft: Draft,
    user: "User",
    *,
    mode: str = InsightsMode.TOP,
    top_n: int | None = None,
    engine: str = "",
    model: str = "",
    repeats: bool = False,
    key: UUID | None = None,
    scheduled: bool = False,
) -> Job:
    """Request an analysis of `draft` as it stands now; returns at once.

    `repeats` has some scored twice, to see how far two scorings of the same résumé lie apart. A
    `scheduled` job makes room for those that people request.
    A second request for the same analysis while the first is under way returns the first one's job,
    and so does one with the same `key` at any time: it is the same press of a button. Raises
    CannotRun.
    """
    request = _request(engine or settings.EVALUATOR_ENGINE, model, mode)
    request |= {"top_n": top_n or settings.EVALUATOR_TOP_N, "repeats": repeats}
    with transaction.atomic():
        # Held until the commit, so that two requests at once see each other.
        draft = Draft.objects.select_for_update().get(pk=draft.pk)
        try:
            request["criteria"] = draft.rubric().to_json()
        except InvalidRubric as error:
            raise CannotRun(error.reason) from error
        if key is not None and (job := _job_of_key(draft, key)) is not None:
            return job
        if too_many := size_refusal(draft.pk):
            raise CannotRun(too_many)
        if (job := _job_under_way(draft, request)) is not None:
            _join(job, key, scheduled=scheduled)
            return job
        analysis = Analysis.objects.create(
            draft=draft, requested_by=user, title=draft.title, **request
        )
        return _open_job(analysis, user, EventVerb.QUEUED, key=key, scheduled=scheduled)


def _request(engine: str, model: str, mode: str) -> dict[str, Any]:
    """Which scores are requested, as fields of the analysis."""
    return {
        "engine": engine,
        "model": model or settings.EVALUATOR_MODEL or engines.default_model(engine),
        "version": engines.version(engine, with_insights=mode == InsightsMode.ALL),
        "insights_mode": mode,
    }


def _job_of_key(draft: Draft, key: UUID) -> Job | None:
    """The job that the press of a button led to, or None where it is a new press."""
    job = Job.objects.filter(key=key).first()
    if job is None:
        return Job.objects.filter(analysis__draft=draft, other_keys__contains=[key]).first()
    if job.analysis.draft_id != draft.pk:
        raise _cannot(FailureCode.FORM_OF_ANOTHER_DRAFT)
    return job


def _job_under_way(draft: Draft, request: dict[str, Any]) -> Job | None:
    """The open job of the same request, unless files came after it. Raises CannotRun without any
    file."""
    files = draft.candidates.aggregate(newest=Max("created_at"))["newest"]
    archives = draft.archives.open().aggregate(newest=Max("created_at"))["newest"]
    newest = max(filter(None, (files, archives)), default=None)
    if newest is None:
        raise _cannot(FailureCode.NO_CANDIDATES)
    same = {f"analysis__{field}": value for field, value in request.items()}
    return Job.objects.open().filter(created_at__gt=newest, analysis__draft=draft, **same).first()


def _join(job: Job, key: UUID | None, *, scheduled: bool) -> None:
    """Let one more request lead to the job."""
    if job.scheduled and not scheduled:  # from now on a person waits for it
        job.scheduled, job.priority = False, max(job.priority, Priority.NORMAL)
        job.save(update_fields=["scheduled", "priority"])
    if key is not None:
        job.other_keys.append(key)
        job.save(update_fields=["other_keys"])


def size_refusal(draft_id: int) -> Reason | None:
    """Why the draft is too large to be run on this site; None when it is not. At most one query."""
    limit = settings.MAX_BATCH
    if not limit:
        return None
    number = Candidate.objects.filter(draft=draft_id, same_as=None).count()
    if number <= limit:
        return None
    return Reason(FailureCode.TOO_MANY_RESUMES, {"number": number, "most": limit})


def retry(
    job: Job,
    user: "User",
    reason: Reason | None = None,
    *,
    only_failed: bool = False,
    by: "User | None" = None,
) -> Job:
    """Open a new job for what `job` left unscored: the failed résumés, and those it never came to;
    with a `reason` only those that failed for it. `only_failed` refuses where no résumé failed.

    It is the job of `user`, and an act of `by` where that is another person. Scores stay. Returns
    the open job where there is one. Raises CannotRun.
    """
    by = by or user
    with transaction.atomic():
        analysis = Analysis.objects.select_for_update().get(pk=job.analysis_id)
        if (running := analysis.jobs.open().first()) is not None:
            return running
        evaluations = analysis.evaluations
        if reason:
            failed = evaluations.filter(**error_columns(reason)).reopen_failed()
            if not failed:
                raise _cannot(FailureCode.NONE_FAILED_SO)
            params = {"failed": failed}
            return _open_job(analysis, user, EventVerb.RETRIED, params, by=by, reason=reason)
        if only_failed:
            failed = evaluations.all().reopen_failed()
            if not failed:
                raise _cannot(FailureCode.NONE_FAILED)
            return _open_job(analysis, user, EventVerb.RETRIED, {"failed": failed}, by=by)
        failed = evaluations.reopen_failed() + analysis.followups.reopen_failed()
        if not (failed or analysis.has_work() or not evaluations.exists()):
            raise _cannot(FailureCode.NOTHING_TO_RETRY)
        params = {"failed": failed} if failed else {}
        return _open_job(analysis, user, EventVerb.RETRIED, params, by=by)


def repeat(analysis: Analysis, user: "User") -> Job:
    """Have a few scored résumés scored once more, to see how far two scorings lie apart.

    Returns the open job where there is one. Raises CannotRun.
    """
    with transaction.atomic():
        analysis = Analysis.objects.select_for_update().get(pk=analysis.pk)
        if (running := analysis.jobs.open().first()) is not None:
            return running
        drawn = FollowUp.objects.draw(analysis)
        if not drawn:
            raise _cannot(FailureCode.ALL_REPEATED)
        FollowUp.objects.enrol(analysis, FollowUpKind.REPEAT, drawn)
        return _open_job(analysis, user, EventVerb.REPEATS_REQUESTED, {"count": len(drawn)})


def cancel(job: Job, user: "User | None") -> bool:
    """Cancel the job; its scores stay. False when it was already over."""
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).cancel():
            return False
        lanes = Lane.objects.filter(job=job)
        lanes.filter(started_at=None).delete()
        record(job, EventVerb.CANCELLED, actor=user)
        # A worker that stood still until its lane was ended may wake up and write its answers,
        # which nothing would rank.
        alive = Lane.objects.filter(job__analysis=job.analysis_id, token__isnull=False)
        job.analysis.evaluations.exclude(token__in=alive.values("token")).revoke()
        if not lanes.exists() and job.analysis.evaluations.unranked().exists():
            add_lane(job.analysis.draft_id, job)  # to rank what has been scored
    return True


def _open_job(
    analysis: Analysis,
    user: "User",
    verb: EventVerb,
    params: Mapping[str, Any] | None = None,
    *,
    key: UUID | None = None,
    by: "User | None" = None,
    scheduled: bool = False,
    reason: Reason | None = None,
) -> Job:
    tokens = TokenCount.objects.filter(pk=analysis.pk).values_list("tokens", flat=True)
    job = Job.objects.create(
        analysis=analysis,
        tokens_before=tokens.first() or 0,
        requested_by=user,
        status=JobStatus.PENDING,
        key=key,
        scheduled=scheduled,
        priority=Priority.LOW if scheduled else Priority.NORMAL,
    )
    job.refresh_from_db(fields=["public_id", "created_at"])
    actor = None if scheduled else by or user
    record(job, verb, actor=actor, params=params, reason=reason)
    add_lane(analysis.draft_id, job)
    return job


def add_lane(draft_id: int, job: Job | None, *, later: bool = False) -> None:
    """Write a lane and the message that wakes a worker for it. Without a job it reads files.

    With `later` others go first: those that have just come, and those that need little.
    """
    send_lane(Lane.objects.create(draft_id=draft_id, job=job), later=later)


def send_lane(lane: Lane, *, later: bool = False) -> None:
    """Send the message of a waiting lane, to the place in the queue that its priority gives."""
    priority = lane.job.priority if lane.job else Priority.NORMAL
    first = priority == Priority.HIGH
    later = priority == Priority.LOW or (later and not first)
    queue.send("score" if lane.job_id else "read", lane.pk, later=later, first=first)


def wake_readers(draft_id: int) -> None:
    """Have workers read the draft's new files; in the caller's transaction.

    The lanes are locked, so that none can end between this look and the commit without seeing the
    candidates of this transaction.
    """
    lanes = Lane.objects.filter(draft=draft_id, job=None).select_for_update()
    if len(lanes) < max(1, Heartbeat.objects.workers()):
        add_lane(draft_id, None)


def record(
    job: Job,
    verb: EventVerb,
    *,
    actor: "User | None" = None,
    params: Mapping[str, Any] | None = None,
    reason: Reason | None = None,
) -> None:
    """Write what happened to the job, in the caller's transaction."""
    Event.objects.record(
        job.analysis.draft_id,
        verb,
        actor=actor,
        about=job.public_id,
        params=params,
        reason=reason,
    )
    if tracing.ids():  # in a request or a task; on a terminal it would disturb what is shown
        log.info("job %s: %s", job.public_id, verb)
