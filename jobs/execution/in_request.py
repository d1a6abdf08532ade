"""A small run is worked on in the request that asks for it, where BACKGROUND_FROM allows that.

The lane is the same that a worker would take, and a worker's message is on its way to it: whoever
comes first has it, and what is left when the request has to answer goes on in the background.
"""

import logging

from django.conf import settings

from candidates.models import Archive, Candidate
from jobs.models import Job, Lane

from . import lanes
from .flight import WORKER
from .turn import TurnMode

log = logging.getLogger(__name__)


def fits_in_request(draft_id: int) -> bool:
    """Whether a run of the draft is small enough, with nothing left to read. Two queries, or none
    where every run is in the background."""
    if not settings.BACKGROUND_FROM:
        return False
    # A large draft is not counted to its end.
    few = Candidate.objects.filter(draft=draft_id, same_as=None)[: settings.BACKGROUND_FROM]
    return len(few.values_list("pk")) < settings.BACKGROUND_FROM and not (
        Candidate.objects.filter(draft=draft_id).open().exists()
        or Archive.objects.filter(draft=draft_id).open().exists()
    )


def work_in_request(job: Job) -> None:
    """Take the job's first turn in this request, for about 20 seconds and the answers on their way
    then; nothing when a worker has begun it, or when it is not small."""
    lane = Lane.objects.filter(job=job, started_at=None).first()
    if lane is None or not fits_in_request(job.analysis.draft_id):
        return
    try:
        lanes.score(lane.pk, TurnMode.REQUEST)
    # Whatever it is, the job is written down, and goes on in the background.
    except Exception:
        log.exception("job %s: could not be worked on in the request", job.public_id)
    finally:
        WORKER.close()  # its event loop and connections are this thread's, which may end
