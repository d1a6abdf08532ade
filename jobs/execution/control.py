"""What only staff may do: move a job in the queue, send it there again, skip a résumé that stops
the workers, drain a host.
"""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from candidates.models import Evaluation, EventVerb
from jobs.models import Heartbeat, Job, Lane
from jobs.models.job import Priority

from .balance import balance_jobs
from .submit import add_lane, record

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def prioritise(job: Job, user: "User", step: int) -> bool:
    """Raise (`step` 1) or lower (-1) the job's priority; False when it is over, or at the end of
    the priorities. Its messages in the queue move to where they belong now."""
    movable_from = [value for value in Priority.values if value + step in Priority.values]
    with transaction.atomic():
        movable = Job.objects.open().filter(pk=job.pk, priority__in=movable_from)
        if not movable.update(priority=F("priority") + step):
            return False
        job.refresh_from_db(fields=["priority"])
        verb = EventVerb.PRIORITY_RAISED if step > 0 else EventVerb.PRIORITY_LOWERED
        record(job, verb, actor=user, params={"priority": job.priority})
        if not job.is_paused:
            # Their old messages find no lane and do no harm.
            for _ in range(Lane.objects.filter(job=job, started_at=None).delete()[0]):
                add_lane(job.analysis.draft_id, job)
    return True


def requeue(job: Job, user: "User") -> bool:
    """Give the job new lanes in place of those that wait; False when it is paused, over, or in a
    worker's hands."""
    with transaction.atomic():
        active = Job.objects.active().select_for_update(of=("self",))
        locked = active.select_related("analysis").filter(pk=job.pk).first()
        lanes = Lane.objects.filter(job=job)
        if locked is None or lanes.running().exists():
            return False
        lanes.filter(started_at=None).delete()
        locked.analysis.evaluations.make_due()
        locked.analysis.followups.make_due()
        record(locked, EventVerb.REQUEUED, actor=user)
        balance_jobs(locked.pk)
    return True


def skip_evaluation(evaluation: Evaluation, user: "User") -> bool:
    """Fail a résumé that stopped its worker, also while a worker has it; False when it did not stop
    one, or is over."""
    with transaction.atomic():
        if not Evaluation.objects.filter(pk=evaluation.pk).skip_suspected():
            return False
        job = evaluation.analysis.jobs.select_related("analysis").latest("created_at", "pk")
        record(
            job,
            EventVerb.RESUME_SKIPPED,
            actor=user,
            params={"evaluation": str(evaluation.public_id)},
        )
    return True


def drain_host(host: Heartbeat) -> bool:
    """Have the host take no work until it is resumed; False when it is draining already."""
    return bool(Heartbeat.objects.filter(pk=host.pk, draining=False).update(draining=True))


def end_drain(host: Heartbeat) -> bool:
    """Let a drained host take work; False when it does, or has gone."""
    return bool(Heartbeat.objects.filter(pk=host.pk, draining=True).update(draining=False))
