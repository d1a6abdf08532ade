"""Working on a small run in the request that asks for it, where BACKGROUND_FROM allows that.

The lane is the one that a worker would take, and its message is on the way to a worker: whichever
comes first has it, and what is left when the request has to answer goes on in the background.
"""

import logging

from django.conf import settings

from candidates.models import Archive, Candidate
from jobs.models import Job, Lane

from . import lanes
from .runtime import Runtime
from .turn import TurnMode

log = logging.getLogger(__name__)


def fits_in_request(draft_id: int) -> bool:
    """Whether a run of the draft is small enough, with nothing left to read. Two queries, or none
    where every run is in the background."""
    if not settings.BACKGROUND_FROM:
        return False
    # A large draft is not counted to its end.
    candidates = Candidate.objects.filter(draft=draft_id, same_as=None)
    first = candidates.values_list("pk")[: settings.BACKGROUND_FROM]
    return len(first) < settings.BACKGROUND_FROM and not (
        Candidate.objects.filter(draft=draft_id).has_open()
        or Archive.objects.filter(draft=draft_id).has_open()
    )


def work_in_request(job: Job) -> None:
    """Take the job's first turn in this request, for about 20 seconds and the answers on their way
    then; nothing when a worker has begun it, or when it is not small."""
    lane = Lane.objects.filter(job=job, started_at=None).first()
    if lane is None or not fits_in_request(job.analysis.draft_id):
        return
    try:
        # Closed at once: its event loop and connections belong to this thread, which may end.
        with Runtime() as runtime:
            lanes.score(lane.pk, runtime, TurnMode.REQUEST)
    # Whatever the fault is, the job's row is there, and it goes on in the background.
    except Exception:
        log.exception("job %s: could not be worked on in the request", job.public_id)
