"""Keep jobs, and drafts with files to read, at as many lanes as remaining work and living workers
are worth.

Workers come, go and are drained, jobs are paused and resumed, rows are deferred until they can be
claimed again: each time lanes have ended that are missed afterwards, or wait where no worker is
left for them.
"""

from collections.abc import Sequence

from django.db import transaction

from jobs.models import Halt, Heartbeat, Job, Lane
from jobs.models.lane_count import LaneCount, lanes_of_jobs, lanes_of_reading

from .submit import add_lane

LARGE_JOB_ROWS = 100  # left to score, above which a job lets all others go first


def balance() -> int:
    """Bring all active jobs, and all drafts with files to read, to the lanes that they are worth;
    returns how many lanes were added or ended. During a halt nothing changes.

    Four statements where nothing is to be changed. The caller sees to it that no two run at once.
    """
    if Halt.objects.exists():
        return 0
    workers = Heartbeat.objects.workers()
    return _balance_jobs(workers) + _balance_reading(workers)


def balance_jobs(*job_ids: int) -> int:
    """The same for these jobs, or for all that are active; safe at any number at once."""
    if Halt.objects.exists():
        return 0
    return _balance_jobs(Heartbeat.objects.workers(), job_ids or None)


def _balance_jobs(workers: int, job_ids: Sequence[int] | None = None) -> int:
    unbalanced = [
        count.pk
        for count in lanes_of_jobs(workers, job_ids)
        if count.missing or count.surplus(workers) > 0
    ]
    if not unbalanced:
        return 0
    changed = 0
    with transaction.atomic():
        # A job in the hands of a lane that is leaving comes next time: waiting for it with other
        # rows locked could block both.
        free = Job.objects.active().filter(pk__in=unbalanced)
        free = free.select_for_update(of=("self",), skip_locked=True).select_related("analysis")
        jobs = {job.pk: job for job in free}
        for count in lanes_of_jobs(workers, jobs):  # as it is under the lock
            job = jobs[count.pk]
            later = count.missing > 0 and is_large(job)
            for _ in range(count.missing):
                add_lane(job.analysis.draft_id, job, later=later)
            changed += count.missing + _end_waiting(count, workers)
    return changed


def _balance_reading(workers: int) -> int:
    changed = 0
    for count in lanes_of_reading(workers):
        with transaction.atomic():
            for _ in range(count.missing):
                add_lane(count.pk, None)
        changed += count.missing
    return changed


def is_large(job: Job) -> bool:
    """Whether so much is left of the job that others should go first."""
    return job.analysis.tally()["waiting"] > LARGE_JOB_ROWS


def _end_waiting(count: LaneCount, workers: int) -> int:
    """Delete waiting lanes that no worker is left for; their messages find no lane."""
    surplus = count.surplus(workers)
    if surplus <= 0:
        return 0
    waiting = Lane.objects.filter(job=count.pk, started_at=None).order_by("-pk")
    waiting = waiting.select_for_update(skip_locked=True)
    ids = list(waiting.values_list("pk", flat=True)[:surplus])
    return Lane.objects.filter(pk__in=ids).delete()[0]
