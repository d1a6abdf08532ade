"""Scheduled runs: what has changed since the last ranking, and the start of what is due.

The sweep of every supervisor calls `start_due`. One conditional UPDATE decides which of them starts
a run; a draft that has not changed is not analysed again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat, Now
from django.utils.translation import gettext_noop

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis, Draft, Evaluation, Event, EventVerb, Preference
from candidates.models.analysis import EvaluationStatus, InsightsMode, Sha256
from candidates.models.candidate import CandidateStatus
from candidates.scoring import engines
from candidates.scoring.fingerprint import prefix
from candidates.scoring.rubric import InvalidRubric
from jobs.execution.estimate import Estimate, estimate_run
from jobs.execution.submit import CannotRun, submit
from jobs.models import Job, JobStatus, Notice, NotificationKind
from jobs.models.schedule import RunOutcome, Schedule, ScheduledRun

from . import cron
from .cron import BadCronExpression

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

MAX_SCHEDULES_PER_SWEEP = 20
RUN_RETENTION = timedelta(days=365)
MAX_FAILURES_IN_A_ROW = 3  # then the schedule stops
OWNER_LEFT = Reason(FailureCode.OWNER_LEFT)
PROGRAM_FAILED = Reason(FailureCode.SCHEDULE_PROGRAM_FAILED)


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since the ranking `previous_analysis`, which is None before the first.

    `rescore_reasons` says why every candidate would be scored anew, and is empty where only some
    would; `new_or_changed` counts the files to score, `merged` those that are no longer their
    person's newest.
    """

    previous_analysis: Analysis | None
    rescore_reasons: tuple[str, ...] = ()
    new_or_changed: int = 0
    merged: int = 0

    def __bool__(self) -> bool:
        return bool(
            self.previous_analysis is None
            or self.rescore_reasons
            or self.new_or_changed
            or self.merged
        )


CRITERIA = gettext_noop("the description or the criteria have changed")
MODEL = gettext_noop("the engine or the model has changed")
PROMPT = gettext_noop("the way in which the engine scores has changed")


def changes(draft: Draft) -> Changes:
    """Compare the draft with its last finished ranking, in eight queries at most, however many
    candidates. Raises InvalidRubric when nothing could be rated."""
    finished = Job.objects.filter(analysis=OuterRef("pk"), status=JobStatus.COMPLETED)
    previous = draft.analyses.filter(Exists(finished)).order_by("-created_at", "-pk").first()
    rubric = draft.rubric()
    if previous is None:
        return Changes(None)
    engine = settings.EVALUATOR_ENGINE
    model = settings.EVALUATOR_MODEL or engines.default_model(engine)
    with_insights = previous.insights_mode == InsightsMode.ALL
    version = engines.version(engine, with_insights=with_insights)
    shared = prefix(engine, model, version, rubric)
    if shared != prefix(previous.engine, previous.model, previous.version, previous.rubric):
        reasons = (
            CRITERIA if previous.criteria != rubric.to_json() else "",
            MODEL if (previous.engine, previous.model) != (engine, model) else "",
            PROMPT if previous.engine == engine and previous.version != version else "",
        )
        return Changes(previous, rescore_reasons=tuple(filter(None, reasons)))
    evaluated = Evaluation.objects.filter(analysis=previous, candidate=OuterRef("pk"))
    new = draft.candidates.filter(same_as=None).exclude(Exists(evaluated))
    still_current = previous.evaluations.filter(
        candidate__same_as=None, candidate__status=CandidateStatus.READABLE
    )
    own = Sha256(Concat(Value(shared), F("candidate__redacted_key")))
    known = ~Q(candidate__redacted_key="") & ~Q(fingerprint="")
    changed = still_current.alias(own=own).filter(
        Q(status=EvaluationStatus.UNREADABLE)
        | (Q(status=EvaluationStatus.SCORED) & known & ~Q(fingerprint=F("own")))
    )
    return Changes(
        previous,
        new_or_changed=new.count() + changed.count() + draft.archives.open().count(),
        merged=previous.evaluations.filter(candidate__same_as__isnull=False).count(),
    )


def insight_options(previous: Analysis | None) -> dict[str, Any]:
    """The insights that a scheduled run requests: those of the previous run."""
    if previous is None:
        return {}
    return {"mode": previous.insights_mode, "top_n": previous.top_n}


def preview(draft: Draft) -> tuple[Changes, Estimate]:
    """What a run would find changed now, and its cost; raises as `changes` does."""
    changed = changes(draft)
    return changed, estimate_run(draft, **insight_options(changed.previous_analysis))


def save(schedule: Schedule, user: "User") -> None:
    """Save what the owner has chosen, and schedule the next run."""
    with transaction.atomic():
        schedule.next_at = cron.next_run(schedule, _now())
        schedule.time_zone = schedule.owner_time_zone()
        schedule.stop_code, schedule.stop_params = "", {}
        schedule.save()
        Event.objects.record(
            schedule.draft_id,
            EventVerb.SCHEDULE_CHANGED,
            actor=user,
            about=schedule.draft.public_id,
            params={"frequency": schedule.frequency, "cron": cron.expression_of(schedule)},
        )


def start_due() -> int:
    """Start what is due, each in a transaction of its own; returns how many were claimed."""
    _follow_time_zones()
    due = Schedule.objects.all().due().order_by("next_at")[:MAX_SCHEDULES_PER_SWEEP]
    return sum(_start_due(pk) for pk in list(due.values_list("pk", flat=True)))


def _follow_time_zones() -> None:
    """Compute the next run anew where an owner has chosen another time zone, except where it is
    due already."""
    moved = Schedule.objects.all().with_other_time_zone().exclude(next_at__lte=Now())
    for schedule in moved.select_related("draft__owner__preference")[:MAX_SCHEDULES_PER_SWEEP]:
        if (next_at := _next_run_or_stop(schedule)) is not None:
            unchanged = Schedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at)
            unchanged.update(next_at=next_at, time_zone=schedule.owner_time_zone())


def _start_due(pk: int) -> int:
    try:
        with transaction.atomic():
            return _claim_and_start(pk)
    except (OperationalError, InterfaceError):
        raise
    # Whatever is wrong with one draft is reported to its owner and does not concern the others.
    except Exception as error:
        log.exception("schedule %s could not start: %s", pk, type(error).__name__)
        with transaction.atomic():
            schedule = _claim(pk)
            if schedule is not None:
                _fail(ScheduledRun(schedule=schedule, due_at=schedule.next_at), PROGRAM_FAILED)
        return 1


def _claim_and_start(pk: int) -> int:
    schedule = _claim(pk)
    if schedule is None:
        return 0
    if not schedule.draft.owner.is_active:
        _stop(schedule, OWNER_LEFT)
        return 1
    _run(ScheduledRun(schedule=schedule, due_at=schedule.next_at))
    return 1


def _claim(pk: int) -> Schedule | None:
    """Claim the run that is due; returns the schedule with that run's `next_at`, or None where
    another process was faster."""
    schedule = Schedule.objects.select_related("draft__owner__preference").filter(pk=pk).first()
    if schedule is None:
        return None
    next_at = _next_run_or_stop(schedule)
    if next_at is None or not Schedule.objects.all().claim_due(schedule, next_at):
        return None
    schedule.runs.filter(created_at__lt=Now() - RUN_RETENTION).delete()
    return schedule


def _next_run_or_stop(schedule: Schedule) -> datetime | None:
    """The next run; where there is none any more, the schedule stops."""
    try:
        return cron.next_run(schedule, _now())
    except BadCronExpression as error:
        _stop(schedule, error.reason)
        return None


def run_now(schedule: Schedule, by: "User") -> ScheduledRun:
    """Run a schedule at once, on or off; its next run stays as it was."""
    with transaction.atomic():
        run = ScheduledRun(schedule=schedule, requested_by=by)
        Event.objects.record(
            schedule.draft_id, EventVerb.SCHEDULE_RUN, actor=by, about=schedule.draft.public_id
        )
        if not schedule.draft.owner.is_active:
            return _fail(run, OWNER_LEFT)
        return _run(run)


def _run(run: ScheduledRun) -> ScheduledRun:
    """Start an analysis if anything has changed, and save the outcome."""
    draft = run.schedule.draft
    if Job.objects.open().filter(analysis__draft=draft).exists():
        return _save(run, RunOutcome.UNDER_WAY)
    try:
        changed = changes(draft)
        run.previous_analysis = changed.previous_analysis
        if not changed:
            return _save(run, RunOutcome.UNCHANGED)
        options = insight_options(changed.previous_analysis)
        job = submit(draft, draft.owner, scheduled=True, **options)
    except (CannotRun, InvalidRubric) as error:
        return _fail(run, error.reason)
    if not job.scheduled:  # a user has just pressed Run
        return _save(run, RunOutcome.UNDER_WAY)
    run.job = job
    return _save(run, RunOutcome.RAN)


def _save(run: ScheduledRun, outcome: RunOutcome) -> ScheduledRun:
    run.outcome = outcome
    run.save()
    return run


def _fail(run: ScheduledRun, reason: Reason) -> ScheduledRun:
    """Save why the run could not start, and notify the owner; after MAX_FAILURES_IN_A_ROW, stop."""
    run.error_code, run.error_params = str(reason.code), dict(reason.params)
    _save(run, RunOutcome.FAILED)
    schedule, draft = run.schedule, run.schedule.draft
    if draft.owner.is_active and Preference.of(draft.owner).in_app:
        # One notice for all failures, unread again after each.
        Notice.objects.update_or_create(
            user=draft.owner,
            draft=draft,
            job=None,
            kind=NotificationKind.UNSTARTED,
            defaults={"read_at": None, "created_at": Now()},
        )
    last = schedule.runs.values_list("outcome", flat=True)[:MAX_FAILURES_IN_A_ROW]
    if list(last) == [RunOutcome.FAILED] * MAX_FAILURES_IN_A_ROW:
        _stop(schedule, reason)
    return run


def _stop(schedule: Schedule, reason: Reason) -> None:
    if Schedule.objects.filter(pk=schedule.pk).stop(reason):
        Event.objects.record(
            schedule.draft_id,
            EventVerb.SCHEDULE_STOPPED,
            about=schedule.draft.public_id,
            reason=reason,
        )


def _now() -> datetime:
    """The database's time, which decides what is due. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
    return now
