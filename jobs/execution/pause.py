"""Pausing and resuming jobs, and halting the whole queue.

A job is paused by a person, or by the program when nothing works until a person mends something.
Its scores stay, and it resumes where it stopped.
"""

import logging
from typing import TYPE_CHECKING

from django.db import transaction

from candidates.facts.reason import FailureCode, Reason
from candidates.models import EventVerb
from jobs.models import Halt, Job, Lane, NotificationKind
from jobs.notifications import recipients

from .balance import balance_jobs
from .submit import record, send_lane

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)


def pause_for_problem(job: Job, reason: Reason) -> bool:
    """Pause the job and notify its user of what to mend; False when it was paused or over."""
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).pause(reason):
            return False
        record(job, EventVerb.PAUSED, reason=reason)
        job.refresh_from_db(fields=["pauses"])
        recipients.queue_for_job(job, NotificationKind.PAUSED, occasion=job.pauses)
    return True


def pause_job(job: Job, user: "User") -> bool:
    """Pause the job; answers on their way are still written. False when it was paused or over."""
    with transaction.atomic():
        reason = Reason(FailureCode.PAUSED_BY_USER, {"user": user.pk})
        if not Job.objects.filter(pk=job.pk).pause(reason):
            return False
        Lane.objects.filter(job=job, started_at=None).delete()
        record(job, EventVerb.PAUSED, actor=user)
    return True


def halt_queue(user: "User", reason: str) -> bool:
    """Stop the lanes of all jobs; False when the queue is halted already."""
    _, is_new = Halt.objects.get_or_create(only=True, defaults={"by": user, "reason": reason})
    if is_new:
        log.warning("queue: halted by user %s", user.pk)
    return is_new


def lift_halt(user: "User") -> bool:
    """Let all jobs go on; False when the queue was not halted."""
    with transaction.atomic():
        if not Halt.objects.all().delete()[0]:
            return False
        for lane in Lane.objects.filter(started_at=None).select_for_update(skip_locked=True):
            send_lane(lane)  # its message came during the halt
        balance_jobs()
    log.warning("queue: halt lifted by user %s", user.pk)
    return True


def resume_job(job: Job, user: "User") -> bool:
    """Let the job go on, deferred rows at once; False when it was not paused."""
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).resume():
            return False
        record(job, EventVerb.RESUMED, actor=user)
        job.analysis.evaluations.make_due()
        job.analysis.followups.make_due()
        balance_jobs(job.pk)
    return True
