"""Mend what no lane can: run every few seconds by each supervisor, harmless at any number.

The queue carries wake-ups and may lose some; what has to be done stands in the program's rows. The
sweep compares the two: work without a lane gets a new one, an e-mail that is due a new message.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.db.models.functions import Now
from django_q.models import Task

from candidates.models import (
    Archive,
    Call,
    Candidate,
    DescriptionFile,
    Evaluation,
    FollowUp,
    Piece,
    Suggestion,
)
from candidates.models.candidate import PIECES_KEPT
from candidates.models.claims import ClaimQuerySet, ordered_by_index
from jobs import queue
from jobs.execution.balance import balance
from jobs.execution.submit import add_lane, send_lane
from jobs.models import Halt, Incident, Job, Lane
from jobs.models.lane import LANE_LEASE
from jobs.monitoring import history
from jobs.notifications import outbox
from jobs.retention import purge
from jobs.schedules import runs

log = logging.getLogger(__name__)

# Of PostgreSQL's advisory locks: one sweep at a time, and one look at the lanes.
SWEEP_LOCK, LANES_LOCK = 0x5EE9, 0x5EEA
MESSAGE_LOST_AFTER = timedelta(seconds=20)  # where the queue is empty
MESSAGE_LATE_AFTER = timedelta(minutes=10)  # where it is not
# Of a sweep whose process stands still: its session is then ended, and another may sweep.
FROZEN_AFTER = timedelta(seconds=5)
FAILED_TASKS_KEPT = timedelta(days=7)
MAX_MESSAGES_SENT = 100  # of each kind, in one sweep


def sweep() -> int:
    """Do one round; returns how many rows were mended, only lanes where another is sweeping."""
    mended = sweep_lanes()
    with _exclusive(SWEEP_LOCK) as is_ours:
        if not is_ours:
            return mended
        mended += _free_claims_of_no_job() + _resend_lost_messages() + _lose_calls_of_no_lane()
        mended += _rescue_suggestions() + _rescue_descriptions()
        mended += outbox.requeue_due() + purge.requeue_due()
        _delete_expired()
    mended += runs.start_due()
    # Takes seconds on a large database: what is mended above is not kept locked for it.
    _settle_history()
    if mended:
        log.info("sweep: %d mended", mended)
    return mended


def sweep_lanes() -> int:
    """End the lanes whose worker fell silent, and bring jobs and drafts to the lanes that they are
    worth; returns how many lanes have ended or begun. 0 when another process is at it.

    Quick, and run more often than the rest: until then living workers wait, or stand in a queue.
    """
    with _exclusive(LANES_LOCK) as is_ours:
        return _end_lost_lanes() + balance() if is_ours else 0


@contextmanager
def _exclusive(lock: int) -> Iterator[bool]:
    """A transaction under an advisory lock; yields whether the lock is ours."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Each of the questions has an index of its own. PostgreSQL shall not read a whole table
            # instead, because its statistics are of another hour.
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(%s), set_config('enable_seqscan', 'off', true), "
                "set_config('idle_in_transaction_session_timeout', %s, true)",
                [lock, f"{FROZEN_AFTER // timedelta(milliseconds=1)}ms"],
            )
            is_ours = bool(cursor.fetchone()[0])
        yield is_ours


def _end_lost_lanes() -> int:
    """End lanes whose worker fell silent, and free what they had claimed before its leases end."""
    lost = Lane.objects.all().lost().select_for_update(skip_locked=True, of=("self",))
    lanes = list(lost.select_related("job__analysis"))
    tokens = [lane.token for lane in lanes if lane.token]
    for rows in (Evaluation, FollowUp, Candidate, Archive):
        claimed: ClaimQuerySet[Any] = rows.objects.all()
        claimed.filter(token__in=tokens).update(due_at=Now())
    Call.objects.filter(token__in=tokens).lose()
    Lane.objects.filter(pk__in=[lane.pk for lane in lanes]).delete()
    for job in {lane.job for lane in lanes if lane.job and not lane.job.is_open}:
        if job.analysis.evaluations.unranked().exists():
            add_lane(job.analysis.draft_id, job)  # to rank what has been scored
    return len(lanes)


def _free_claims_of_no_job() -> int:
    """What a worker held when it died and its job was over or paused: no lane claims it."""
    at_work = Job.objects.active().filter(analysis=OuterRef("analysis"))
    freed = 0
    for rows in (Evaluation, FollowUp):
        held: ClaimQuerySet[Any] = rows.objects.all()
        held = held.filter(token__isnull=False, due_at__lte=Now())
        freed += held.exclude(Exists(at_work)).revoke()
    return freed


def _lose_calls_of_no_lane() -> int:
    """Calls of a worker that slept, went on for a moment after its lane had been ended, and died.

    Those of the pages, which ask for criteria, never had a lane.
    """
    is_old = Q(analysis__isnull=False, created_at__lt=Now() - LANE_LEASE)
    calls = Call.objects.all().open().annotate(is_old=ExpressionWrapper(is_old, BooleanField()))
    # By the index that holds the open calls alone: there are few. The rest is asked of these, since
    # for a search by age PostgreSQL may take an index of all calls.
    with ordered_by_index():
        rows = list(calls.order_by("token").values_list("pk", "token", "is_old"))
    lanes = Lane.objects.filter(token__in={token for _, token, _ in rows})
    at_work = set(lanes.values_list("token", flat=True))
    lost = [pk for pk, token, old in rows if old and token not in at_work]
    return Call.objects.filter(pk__in=lost).lose()


def _resend_lost_messages() -> int:
    """Wake lanes that wait for a message which the queue no longer has.

    With an empty queue that is certain; in a busy one it is likely after a while, and a message
    too many does no harm.
    """
    if Halt.objects.exists():
        return 0
    waiting = Lane.objects.filter(started_at=None, due_at__lt=Now() - MESSAGE_LOST_AFTER)
    if waiting.exists() and not queue.is_empty():
        waiting = waiting.filter(due_at__lt=Now() - MESSAGE_LATE_AFTER)
    lanes = list(waiting.select_for_update(skip_locked=True))
    for lane in lanes:
        send_lane(lane)
    Lane.objects.filter(pk__in=[lane.pk for lane in lanes]).update(due_at=Now())
    return len(lanes)


def _rescue_suggestions() -> int:
    """Send those whose message was lost, whose pause is over, or whose worker died."""
    due = Suggestion.objects.all().due()
    lost = due.filter(status=due.CLAIMED)
    Call.objects.filter(token__in=[row.token for row in lost if row.token]).lose()
    if due.exists() and not queue.is_empty():
        due = due.filter(due_at__lt=Now() - MESSAGE_LATE_AFTER)
    ids = list(due.values_list("pk", flat=True)[:MAX_MESSAGES_SENT])
    for pk in ids:
        queue.send("suggest", pk)
    return len(ids)


def _rescue_descriptions() -> int:
    """Send files with a job description, for the same reasons."""
    due = DescriptionFile.objects.all().due()
    if due.exists() and not queue.is_empty():
        due = due.filter(due_at__lt=Now() - MESSAGE_LATE_AFTER)
    ids = list(due.values_list("pk", flat=True)[:MAX_MESSAGES_SENT])
    for pk in ids:
        queue.send("describe", pk)
    return len(ids)


def _settle_history() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT STATEMENT_TIMESTAMP()")
        history.settle(cursor.fetchone()[0])


def _delete_expired() -> None:
    Piece.objects.filter(created_at__lt=Now() - PIECES_KEPT).delete()
    DescriptionFile.objects.filter(created_at__lt=Now() - PIECES_KEPT).delete()
    outbox.delete_old()
    Task.objects.filter(stopped__lt=Now() - FAILED_TASKS_KEPT).delete()
    Incident.objects.delete_expired()
