"""Scheduled runs: what has changed since the last ranking, and the start of what is due.

The sweep of every supervisor comes here. One conditional UPDATE says who takes up a run; what has
not changed is not analysed again.
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

from candidates.models import Analysis, Draft, Evaluation, Event, EventVerb, Preference
from candidates.models.analysis import EvaluationStatus, InsightsMode, Sha256
from candidates.models.candidate import CandidateStatus
from candidates.scoring import engines
from candidates.scoring.fingerprint import prefix
from jobs.execution.estimate import Estimate, estimate
from jobs.execution.submit import CannotRun, submit
from jobs.models import Job, JobStatus, Notice, NotificationKind
from jobs.models.schedule import RunOutcome, Schedule, ScheduledRun

from . import cron
from .cron import BadExpression

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

AT_ONCE = 20  # in one round of the sweep
RUNS_KEPT = timedelta(days=365)
FAILURES = 3  # one after the other, after which it stops
OWNER_LEFT = gettext_noop("The account of the draft's owner is closed.")
BROKE = gettext_noop("The program could not start it. Whoever runs the site finds why in its log.")


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run would find changed since the ranking `before`, which is None before the first.

    `everything` says why all would be scored anew, and is empty where they would not; `fresh` is
    how many files are new or are to be scored again, `merged` how many are no longer their person's
    newest.
    """

    before: Analysis | None
    everything: tuple[str, ...] = ()
    fresh: int = 0
    merged: int = 0

    def __bool__(self) -> bool:
        return bool(self.before is None or self.everything or self.fresh or self.merged)


CRITERIA = gettext_noop("the description or the criteria have changed")
MODEL = gettext_noop("the engine or the model has changed")
PROMPT = gettext_noop("the way in which the engine scores has changed")


def changes(draft: Draft) -> Changes:
    """Compare the draft with its last finished ranking. Eight queries at most, however many
    candidates. Raises ValueError with a plain sentence when nothing could be rated."""
    finished = Job.objects.filter(analysis=OuterRef("pk"), status=JobStatus.COMPLETED)
    before = draft.analyses.filter(Exists(finished)).order_by("-created_at", "-pk").first()
    rubric = draft.rubric()
    if before is None:
        return Changes(None)
    engine = settings.EVALUATOR_ENGINE
    model = settings.EVALUATOR_MODEL or engines.default_model(engine)
    with_insights = before.insights_mode == InsightsMode.ALL
    version = engines.version(engine, with_insights=with_insights)
    shared = prefix(engine, model, version, rubric)
    if shared != prefix(before.engine, before.model, before.version, before.rubric):
        why = (
            CRITERIA if before.criteria != rubric.to_json() else "",
            MODEL if (before.engine, before.model) != (engine, model) else "",
            PROMPT if before.engine == engine and before.version != version else "",
        )
        return Changes(before, everything=tuple(filter(None, why)))
    there = Evaluation.objects.filter(analysis=before, candidate=OuterRef("pk"))
    new = draft.candidates.filter(same_as=None).exclude(Exists(there))
    kept = before.evaluations.filter(
        candidate__same_as=None, candidate__status=CandidateStatus.READABLE
    )
    own = Sha256(Concat(Value(shared), F("candidate__redacted_key")))
    known = ~Q(candidate__redacted_key="") & ~Q(fingerprint="")
    reread = kept.alias(own=own).filter(
        Q(status=EvaluationStatus.UNREADABLE)
        | (Q(status=EvaluationStatus.SCORED) & known & ~Q(fingerprint=F("own")))
    )
    return Changes(
        before,
        fresh=new.count() + reread.count() + draft.archives.open().count(),
        merged=before.evaluations.filter(candidate__same_as__isnull=False).count(),
    )


def wanted(before: Analysis | None) -> dict[str, Any]:
    """What a scheduled run asks for: insights as the last run did."""
    if before is None:
        return {}
    return {"mode": before.insights_mode, "top_n": before.top_n}


def preview(draft: Draft) -> tuple[Changes, Estimate]:
    """What a run would find changed now, and what it would take; raises ValueError as `changes`."""
    found = changes(draft)
    return found, estimate(draft, **wanted(found.before))


def save(schedule: Schedule, user: "User") -> None:
    """Keep what somebody has chosen, from now on."""
    with transaction.atomic():
        schedule.next_at = cron.next_run(schedule, _now())
        schedule.zone = schedule.owners_zone()
        schedule.stopped = ""
        schedule.save()
        Event.objects.record(
            schedule.draft_id,
            EventVerb.SCHEDULE_CHANGED,
            actor=user,
            about=schedule.draft.public_id,
            params={"every": schedule.every, "cron": cron.expression_of(schedule)},
        )


def start_due() -> int:
    """Start what is due, each in a transaction of its own; returns how many were taken up."""
    _follow_owners()
    due = Schedule.objects.all().due().order_by("next_at")[:AT_ONCE]
    return sum(_start_due(pk) for pk in list(due.values_list("pk", flat=True)))


def _follow_owners() -> None:
    """Work the next run out anew where an owner has chosen another time zone, except where it is
    due already."""
    moved = Schedule.objects.all().moved_away().exclude(next_at__lte=Now())
    for schedule in moved.select_related("draft__owner__preference")[:AT_ONCE]:
        if (then := _then(schedule)) is not None:
            mine = Schedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at)
            mine.update(next_at=then, zone=schedule.owners_zone())


def _start_due(pk: int) -> int:
    try:
        with transaction.atomic():
            return _take_and_start(pk)
    except (OperationalError, InterfaceError):
        raise
    # Whatever is wrong with one draft is told to its owner, and is no matter of the others.
    except Exception as error:
        log.exception("schedule %s could not start: %s", pk, type(error).__name__)
        with transaction.atomic():
            schedule = _taken(pk)
            if schedule is not None:
                _fail(ScheduledRun(schedule=schedule, due_at=schedule.next_at), BROKE)
        return 1


def _take_and_start(pk: int) -> int:
    schedule = _taken(pk)
    if schedule is None:
        return 0
    if not schedule.draft.owner.is_active:
        _stop(schedule, OWNER_LEFT)
        return 1
    _run(ScheduledRun(schedule=schedule, due_at=schedule.next_at))
    return 1


def _taken(pk: int) -> Schedule | None:
    """The schedule, when its run that is due is ours; `next_at` of it is that run's."""
    schedule = Schedule.objects.select_related("draft__owner__preference").filter(pk=pk).first()
    if schedule is None:
        return None
    then = _then(schedule)
    if then is None or not Schedule.objects.all().take(schedule, then):
        return None
    schedule.runs.filter(at__lt=Now() - RUNS_KEPT).delete()
    return schedule


def _then(schedule: Schedule) -> datetime | None:
    """When it comes next; where it never does any more, it stops."""
    try:
        return cron.next_run(schedule, _now())
    except BadExpression as error:
        _stop(schedule, str(error))
        return None


def run_now(schedule: Schedule, by: "User") -> ScheduledRun:
    """Run a schedule out of turn, on or off; its next run comes as it would have."""
    with transaction.atomic():
        run = ScheduledRun(schedule=schedule, asked_by=by)
        Event.objects.record(
            schedule.draft_id, EventVerb.SCHEDULE_RUN, actor=by, about=schedule.draft.public_id
        )
        if not schedule.draft.owner.is_active:
            return _fail(run, OWNER_LEFT)
        return _run(run)


def _run(run: ScheduledRun) -> ScheduledRun:
    """Start an analysis if there is anything to analyse, and write what came of it."""
    draft = run.schedule.draft
    if Job.objects.open().filter(analysis__draft=draft).exists():
        return _write(run, RunOutcome.UNDER_WAY)
    try:
        found = changes(draft)
        run.before = found.before
        if not found:
            return _write(run, RunOutcome.UNCHANGED)
        job = submit(draft, draft.owner, scheduled=True, **wanted(found.before))
    except (CannotRun, ValueError) as error:  # the second: nothing to rate by
        return _fail(run, str(error))
    if not job.scheduled:  # somebody has just pressed Run
        return _write(run, RunOutcome.UNDER_WAY)
    run.job = job
    return _write(run, RunOutcome.RAN)


def _write(run: ScheduledRun, outcome: RunOutcome) -> ScheduledRun:
    run.outcome = outcome
    run.save()
    return run


def _fail(run: ScheduledRun, why: str) -> ScheduledRun:
    """Write why it could not start, and tell the owner; too often in a row, and it stops."""
    run.reason = why
    _write(run, RunOutcome.FAILED)
    schedule, draft = run.schedule, run.schedule.draft
    if draft.owner.is_active and Preference.of(draft.owner).in_app:
        # One for all times, which is unread again each time.
        Notice.objects.update_or_create(
            user=draft.owner,
            draft=draft,
            job=None,
            kind=NotificationKind.UNSTARTED,
            defaults={"read_at": None, "created_at": Now()},
        )
    last = schedule.runs.values_list("outcome", flat=True)[:FAILURES]
    if list(last) == [RunOutcome.FAILED] * FAILURES:
        _stop(schedule, why)
    return run


def _stop(schedule: Schedule, why: str) -> None:
    if Schedule.objects.filter(pk=schedule.pk).stop(why):
        Event.objects.record(
            schedule.draft_id,
            EventVerb.SCHEDULE_STOPPED,
            about=schedule.draft.public_id,
            params={"reason": why},
        )


def _now() -> datetime:
    """By the database's clock, which says what is due. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
    return now
